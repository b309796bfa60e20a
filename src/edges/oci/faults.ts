/** Refusals that only the registry protocol knows; those of ECR are in services/ecr/faults.ts. Status and code: error-response.ts. */
import { Fault } from '../../services/fault.ts';

export const nameInvalid = () =>
  new Fault(
    'NameInvalid',
    'The repository name is invalid: it must have 2 to 256 characters and consist of lowercase letters and digits, joined by single dots, one or two underscores, hyphens and slashes.',
  );

export const pathMalformed = () =>
  new Fault('NameInvalid', 'The path holds an escape that stands for no character of a name, tag or digest.');

export const digestInvalid = () =>
  new Fault(
    'DigestInvalid',
    'The digest is invalid: it must be sha256 or sha512, a colon and the lowercase hexadecimal hash.',
  );

export const digestMissing = () => new Fault('DigestInvalid', "The parameter 'digest' is missing.");

export const tagInvalid = () =>
  new Fault(
    'TagInvalid',
    'The tag is invalid: it must have 1 to 128 characters out of letters, digits, underscores, dots and hyphens, and not begin with a dot or hyphen.',
  );

export const blobUnknown = () => new Fault('BlobUnknown', 'Requested layer not found');

/** ECR's text (behaviour page, 9.2). */
export const manifestUnknown = () => new Fault('ManifestUnknown', 'Requested image not found');

export const manifestTooLarge = (limit: number) =>
  new Fault('ManifestTooLarge', `The manifest is larger than the maximum of ${limit} bytes.`);

export const manifestReferenced = (reason: string) => new Fault('ManifestReferenced', reason);

export const blobReferenced = () =>
  new Fault('BlobReferenced', 'The layer is part of an image of the repository. Delete the image first.');

export const chunkRangeInvalid = () =>
  new Fault('ChunkInvalid', "Content-Range must be '<first>-<last>', both inclusive, and as long as the body.");

export const rangeNotSatisfiable = () => new Fault('RangeNotSatisfiable', 'The layer has none of the requested bytes.');

export const bodyCutShort = () => new Fault('BodyCutShort', 'The body ended before its length was reached.');

export const pageSizeInvalid = () =>
  new Fault('PageSizeInvalid', "The parameter 'n' must be a whole number that is not negative.");

export const endpointUnknown = () => new Fault('EndpointUnknown', 'The registry has no such endpoint.');

export const methodNotAllowed = () => new Fault('MethodNotAllowed', 'The endpoint does not support this method.');

export const regionNotServed = (region: string) =>
  new Fault('RegionNotServed', `This registry does not serve the region '${region}'.`);

export const pageInvalid = () => new Fault('PageSizeInvalid', "The parameter 'last' is not one of a Link header.");

export const downloadRefused = () => new Fault('DownloadRefused', 'The download URL is not valid or has expired.');
