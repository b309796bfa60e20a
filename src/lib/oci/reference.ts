/** Names of repositories and tags: ECR's pattern for the one, the distribution specification's for the other. */

const nameLength = { min: 2, max: 256 };

/**
 * Whether the text is a repository name of ECR: path components joined by slashes, each of lower-case letters and digits joined
 * by one dot, one or two underscores, or any run of hyphens; 2 to 256 characters. Linear: the published pattern nests
 * repetitions, so it is walked by hand.
 */
export function isRepositoryName(text: string): boolean {
  if (text.length < nameLength.min || text.length > nameLength.max) return false;
  let at = 0;
  for (;;) {
    const wordStart = at;
    while (at < text.length && isWordCode(text.charCodeAt(at))) at += 1;
    if (at === wordStart) return false; // nothing before a separator, or at the end
    if (at === text.length) return true;
    at = endOfSeparator(text, at);
    if (at < 0) return false;
  }
}

/** Where the separator that begins at `at` ends, or -1 when there is none. */
function endOfSeparator(text: string, at: number): number {
  switch (text[at]) {
    case '/':
    case '.':
      return at + 1;
    case '_':
      return text[at + 1] === '_' ? at + 2 : at + 1;
    case '-': {
      let end = at + 1;
      while (text[end] === '-') end += 1;
      return end;
    }
    default:
      return -1;
  }
}

function isWordCode(code: number): boolean {
  return (code >= 0x61 && code <= 0x7a) || (code >= 0x30 && code <= 0x39);
}

const tagPattern = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/;

/** Whether the text is a tag that docker and every other client can name. */
export function isTag(text: string): boolean {
  return tagPattern.test(text);
}
