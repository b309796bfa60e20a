/** Why a manifest is refused. */

export type ManifestProblemKind =
  | 'too-large'
  /** Not UTF-8, not JSON, not an object, a key twice, nested too deep. */
  | 'syntax'
  | 'no-media-type'
  /** `reason` is the media type. */
  | 'unsupported-type'
  | 'too-many-layers'
  | 'too-many-manifests'
  /** JSON, but not what its media type promises. */
  | 'invalid';

export class ManifestProblem extends Error {
  override readonly name = 'ManifestProblem';
  readonly kind: ManifestProblemKind;
  /** Plain English, to be read after "The manifest …". Holds no more of the client's text than names of members. */
  readonly reason: string;
  constructor(kind: ManifestProblemKind, reason: string) {
    super(`The manifest ${reason}.`);
    this.kind = kind;
    this.reason = reason;
  }
}
