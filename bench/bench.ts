/** `npm run bench`: measures Longshore and every peer on PATH in one run. What each row asks stands in README.md. */
import { rmSync } from 'node:fs';
import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { measureTarget } from './measure.ts';
import { type Measured, resultsTable, summaryTable } from './results-table.ts';
import { api } from './rows/api.ts';
import { blobs } from './rows/blobs.ts';
import { lists } from './rows/lists.ts';
import { manifestReads } from './rows/manifest-reads.ts';
import { manyImages } from './rows/many-images.ts';
import { memory } from './rows/memory.ts';
import type { Row, Sizes } from './rows/row.ts';
import { smallImages } from './rows/small-images.ts';
import { start } from './rows/start.ts';
import { findTargets } from './targets/find-targets.ts';
import { stopStoreServers } from './targets/store-servers.ts';

const ROWS: readonly Row[] = [start, manifestReads, blobs, smallImages, api, memory, lists, manyImages];

const FULL: Sizes = {
  seconds: 5,
  blobBytes: 512 << 20,
  blobTimes: 4,
  images: 100_000,
  peerImages: 1_000,
  manyImages: 1_000_000,
  growthBytes: 10 * 2 ** 30,
};
const QUICK: Sizes = {
  seconds: 2,
  blobBytes: 128 << 20,
  blobTimes: 2,
  images: 5_000,
  peerImages: 200,
  manyImages: 20_000,
  growthBytes: 2 ** 30,
};

const { values } = parseArgs({
  options: {
    rows: { type: 'string' },
    targets: { type: 'string' },
    rounds: { type: 'string', default: '1' },
    images: { type: 'string' },
    quick: { type: 'boolean', default: false },
    data: { type: 'string', default: tmpdir() },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) {
  console.log(`npm run bench -- [--quick] [--rounds N] [--rows A,B] [--targets A,B] [--images N] [--data DIRECTORY]

rows: ${ROWS.map(({ name }) => name).join(', ')}
targets here: ${findTargets()
    .map(({ name }) => name)
    .join(', ')}`);
  process.exit(0);
}

const sizes: Sizes = {
  ...(values.quick ? QUICK : FULL),
  ...(values.images === undefined ? {} : { images: Number(values.images) }),
};
const rows = pick(ROWS, values.rows);
const targets = pick(findTargets(), values.targets);
const measured: Measured[] = [];
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));

for (let round = 1; round <= Number(values.rounds); round += 1) {
  // Turn by turn and in changing order, so that what else the machine does hits all alike.
  for (const target of round % 2 === 1 ? targets : [...targets].reverse()) {
    const data = await mkdtemp(join(values.data, 'longshore-bench-'));
    const removeData = () => rmSync(data, { recursive: true, force: true });
    // An interrupted run leaves nothing behind.
    process.once('exit', removeData);
    const log = (text: string) => console.error(`round ${round}, ${target.name}: ${text}`);
    try {
      await measureTarget({
        target,
        data,
        rows,
        sizes,
        log,
        onMeasurement(measurement) {
          measured.push({ ...measurement, target: target.name });
          log(`${measurement.row}: ${measurement.value.toFixed(1)} ${measurement.unit}`);
        },
      });
    } catch (error) {
      log((error as Error).message);
    } finally {
      removeData();
      process.removeListener('exit', removeData);
    }
  }
}

const report = [
  `${new Date().toISOString()}, Node ${process.versions.node}, ${cpus().length} CPUs (${cpus()[0]?.model}), ${values.rounds} round(s), ${JSON.stringify(sizes)}`,
  resultsTable(measured),
  summaryTable(measured),
].join('\n\n');
console.log(report);
await stopStoreServers();
const results = fileURLToPath(new URL('./results/', import.meta.url));
await mkdir(results, { recursive: true });
await writeFile(join(results, `${new Date().toISOString().replaceAll(':', '-')}.md`), `${report}\n`);

function pick<T extends { readonly name: string }>(items: readonly T[], names: string | undefined): T[] {
  if (names === undefined) return [...items];
  const wanted = names.split(',');
  const unknown = wanted.filter((part) => !items.some(({ name }) => name.startsWith(part)));
  if (unknown.length > 0) {
    console.error(`${unknown.join(', ')}: not here; there are ${items.map(({ name }) => name).join(', ')}`);
    process.exit(2);
  }
  // A whole name means that one; anything else all that begin so.
  const whole = new Set(items.map(({ name }) => name));
  return items.filter(({ name }) => wanted.some((part) => (whole.has(part) ? name === part : name.startsWith(part))));
}
