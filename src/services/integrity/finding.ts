/** What a verification finds wrong, in words for the operator. */

export interface Finding {
  readonly kind:
    | 'layer-damaged'
    | 'layer-missing'
    | 'manifest-damaged'
    | 'manifest-without-layer'
    | 'manifest-without-child'
    | 'layer-size-differs';
  /** The digest of the layer or manifest. */
  readonly digest: string;
  /** Where: the object in the store, or account, region and repository. */
  readonly place: string;
  readonly detail: string;
}
