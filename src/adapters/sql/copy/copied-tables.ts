/** Which tables make up an installation, in an order in which foreign keys hold, and which mean nothing elsewhere. */

export interface CopiedTable {
  readonly name: string;
  /** The columns rows are read in order of. */
  readonly order: string;
  /** The column whose values are handed out in order and never twice. */
  readonly counter?: string;
}

export const copiedTables: readonly CopiedTable[] = [
  { name: 'accounts', order: 'account_id' },
  { name: 'access_keys', order: 'access_key_id' },
  { name: 'repositories', order: 'id', counter: 'id' },
  { name: 'blobs', order: 'id', counter: 'id' },
  { name: 'layers', order: 'id', counter: 'id' },
  { name: 'images', order: 'id', counter: 'id' },
  { name: 'manifests', order: 'image_id' },
  { name: 'image_layers', order: 'image_id, layer_id' },
  { name: 'image_children', order: 'image_id, child_digest' },
  { name: 'tags', order: 'sequence', counter: 'sequence' },
  { name: 'jobs', order: 'id', counter: 'id' },
  { name: 'schedules', order: 'name' },
  { name: 'installation', order: 'name' },
];

/** Of one place: uploads under way there, what its caches were told, who serves it, how its schema came about. */
export const placeBoundTables: readonly string[] = ['uploads', 'changes', 'nodes', 'migrations'];
