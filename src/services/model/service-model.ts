/** The form of the checked-in service models: what AWS's own model says of operations and shapes, without its prose. */

export interface ServiceModel {
  /** What stands before the dot in `X-Amz-Target`. */
  readonly targetPrefix: string;
  /** The service's name in a SigV4 credential scope. */
  readonly signingName: string;
  readonly operations: Readonly<Record<string, OperationModel>>;
  readonly shapes: Readonly<Record<string, ShapeModel>>;
}

/** Names of shapes. */
export interface OperationModel {
  readonly input?: string;
  readonly output?: string;
  readonly errors: readonly string[];
}

export interface ShapeModel {
  readonly type:
    | 'structure'
    | 'list'
    | 'map'
    | 'string'
    | 'blob'
    | 'boolean'
    | 'integer'
    | 'long'
    | 'double'
    | 'timestamp';
  /** Of a structure: name of each member's shape. */
  readonly members?: Readonly<Record<string, string>>;
  readonly required?: readonly string[];
  /** Of a list. */
  readonly member?: string;
  /** Of a map. */
  readonly key?: string;
  readonly value?: string;
  /** Length of a string, blob, list or map; value of a number. */
  readonly min?: number;
  readonly max?: number;
  /** Regular expression the whole of a string has to match. */
  readonly pattern?: string;
  /** In the order in which the service prints them. */
  readonly enum?: readonly string[];
  readonly exception?: boolean;
}
