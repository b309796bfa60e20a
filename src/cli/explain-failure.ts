/** Failures of commands in words that say what to do next. */

/** One or two lines for known failures; the stack for a bug. */
export function explainFailure(error: unknown): string {
  if (!(error instanceof Error)) return `Failed: ${String(error)}`;
  const { code, address, port, path } = error as NodeJS.ErrnoException & { address?: string; port?: number };
  switch (code) {
    case 'EADDRINUSE':
      return `${address}:${port} is in use by another program. Stop that, or choose another address with --listen.`;
    case 'EADDRNOTAVAIL':
      return `This machine has no address ${address}. Choose one it has with --listen; :${port} means all.`;
    case 'EACCES':
    case 'EPERM':
      if (port !== undefined)
        return `Listening on port ${port} is not allowed. Choose one above 1023 with --listen, or grant the right.`;
      return `No permission for ${path}. Run as the owner of that, or choose another directory with --data.`;
    case 'ENOSPC':
      return `The disk of ${path ?? 'the data directory'} is full. Free some space and start again.`;
    case 'EROFS':
      return `${path ?? 'The data directory'} is on a read-only file system. Choose another directory with --data.`;
    case 'ENOTDIR':
      return `${path} lies below a file, not a directory. Choose another directory with --data.`;
  }
  // Errors that carry their own advice are named by their class; whatever is not is a bug of ours.
  if (error.name !== 'Error' && !/^(?:Type|Range|Reference|Syntax|Assertion)Error$/.test(error.name))
    return error.message;
  return `Failed, and not as foreseen. Please report this:\n${error.stack ?? error.message}`;
}
