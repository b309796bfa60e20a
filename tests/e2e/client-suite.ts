/** A suite that needs programs of this machine: it says which one is missing, as a skip on a laptop and as a failure in CI. */
import assert from 'node:assert/strict';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { describe, test } from 'node:test';

export interface Needs {
  readonly programs: readonly string[];
  /** Takes many minutes to build or a download to have: missing is a skip even in CI. */
  readonly optional?: boolean;
  /** Starts a daemon that mounts. */
  readonly root?: boolean;
  /** Says what else is missing; undefined when all is there. */
  readonly missing?: () => string | undefined;
}

export function clientSuite(name: string, needs: Needs, body: () => void): void {
  const lacking = lackOf(needs);
  if (lacking === undefined) {
    describe(name, body);
  } else if (process.env.CI === 'true' && needs.optional !== true) {
    test(name, () => assert.fail(lacking));
  } else {
    test(name, { skip: lacking }, () => undefined);
  }
}

function lackOf(needs: Needs): string | undefined {
  const absent = needs.programs.filter((program) => !isOnPath(program));
  if (absent.length > 0) return `no ${absent.join(', ')} on PATH`;
  if (needs.root === true && process.getuid?.() !== 0) return 'needs to run as root';
  return needs.missing?.();
}

export function isOnPath(program: string): boolean {
  return (process.env.PATH ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
