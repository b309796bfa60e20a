/** Whether the keys of this node are those of its installation. */
import { good, type HealthFinding, problem } from '../../ports/health-finding.ts';
import type { Keys } from '../../ports/keys.ts';
import { keyCheckOf } from '../iam/same-keys.ts';

const ABOUT = 'keys';
const ADVICE =
  'Give this node the --secret (LONGSHORE_SECRET) of the others or, without one, the keys.json of the node that was started first.';

/** `keys` are undefined when this node has none yet, `fixed` (what the database keeps to compare with) before the first start. */
export function checkKeys(fixed: string | undefined, keys: Keys | undefined): HealthFinding {
  if (fixed === undefined) return good(ABOUT, 'the first start fixes them');
  if (keys === undefined) return problem(ABOUT, 'this node has none, while its database was served with some', ADVICE);
  return keyCheckOf(keys) === fixed
    ? good(ABOUT, 'they are those of the installation')
    : problem(ABOUT, 'they are not those of the installation', ADVICE);
}
