/** What all nodes of an installation must agree on, by name. */
import type { InstallationStore } from '../../../ports/metadata.ts';
import { first, run, statement } from '../statement.ts';

export const installationStore: InstallationStore = {
  *find(name) {
    return (yield* first(find, { name }))?.value;
  },
  *add(name, value) {
    return (yield* run(add, { name, value })) > 0;
  },
};

const find = statement('installation.find', (db, arg: { name: string }) =>
  db.selectFrom('installation').select('value').where('name', '=', arg.name),
);

const add = statement('installation.add', (db, arg: { name: string; value: string }) =>
  db
    .insertInto('installation')
    .values({ name: arg.name, value: arg.value })
    .onConflict((conflict) => conflict.doNothing()),
);
