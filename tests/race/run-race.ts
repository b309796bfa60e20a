/** A race: clients with seeded plans against all nodes at once, until the time is up; then every history is judged. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Random } from '../black-box/random.ts';
import { pushImage, putManifest } from './race-pushes.ts';
import { listImages, listTags, lookAtTag, pull, pullByDigest } from './race-reads.ts';
import { createRepository, deleteImage, deleteRepository, deleteTag } from './race-removals.ts';
import { count, createRaceSession, logIn, type RaceNode, type RaceSession } from './race-session.ts';
import { manifestsOfTag, REPOSITORIES, TAGS } from './race-things.ts';

export interface RaceOptions {
  readonly nodes: readonly RaceNode[];
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
  readonly random: Random;
  readonly clients: number;
  readonly milliseconds: number;
  /** How often each of these must have happened; a slow machine gets up to six times as long for it. */
  readonly atLeast?: Readonly<Record<string, number>>;
  /** Takes things away and brings them back meanwhile; says so through the session. Ends when `session.stopping`. */
  readonly trouble?: (session: RaceSession) => Promise<void>;
}

export interface RaceReport {
  /** Answers that cannot be true, images without their parts, refusals that nothing explains. Empty when all is well. */
  readonly problems: readonly string[];
  readonly requests: number;
  readonly observations: number;
  readonly counts: ReadonlyMap<string, number>;
}

/** Rejects when the nodes cannot be used at all, or when too much happened at once to be judged. */
export async function runRace(options: RaceOptions): Promise<RaceReport> {
  const session = createRaceSession(options.nodes, options.credentials);
  try {
    await logIn(session);
    for (const repository of REPOSITORIES) await createRepository(session, options.random, repository);
    const trouble = options.trouble?.(session);
    const clients = Array.from({ length: options.clients }, (_, client) =>
      runClient(session, options.random.fork(client)),
    );
    for (let turn = 0; turn < 6; turn += 1) {
      await Promise.race([sleep(options.milliseconds), ...clients]);
      if (missing(session, options.atLeast ?? {}).length === 0) break;
    }
    session.stopping = true;
    await Promise.all([...clients, trouble]);
    await lookAtEverything(session, options.random);
    return judge(session, missing(session, options.atLeast ?? {}));
  } finally {
    for (const { http } of session.nodes) http.close();
  }
}

/** A race in which next to nothing happened proves nothing. */
function missing({ counts }: RaceSession, atLeast: Readonly<Record<string, number>>): string[] {
  return Object.entries(atLeast)
    .filter(([what, times]) => (counts.get(what) ?? 0) < times)
    .map(([what, times]) => `too little happened: ${what}: ${counts.get(what) ?? 0} of ${times}`);
}

/** When all is quiet, every node must say the same, and every image must be whole. */
async function lookAtEverything(session: RaceSession, random: Random): Promise<void> {
  for (const node of session.nodes) {
    const only = { ...session, nodes: [node] };
    for (const repository of REPOSITORIES) {
      await listImages(only, random, repository);
      for (const tag of TAGS) await pull(only, random, repository, tag);
    }
  }
}

function judge(session: RaceSession, tooLittle: readonly string[]): RaceReport {
  const { history, suspicions, problems, counts } = session;
  const dangling = suspicions
    .filter(({ repository, digest, ...span }) => !history.mayHaveBeenAway(repository, digest, span))
    .map(({ what, begin, end }) => `dangling: ${what} at ${begin.toFixed(1)}…${end.toFixed(1)}`);
  return {
    problems: [...problems, ...dangling, ...history.judge(), ...tooLittle],
    requests: [...counts.values()].reduce((sum, each) => sum + each, 0),
    observations: history.size,
    counts,
  };
}

async function runClient(session: RaceSession, random: Random): Promise<void> {
  while (!session.stopping) {
    count(session, 'steps');
    await random.pickWeighted(STEPS)(session, random, random.pick(REPOSITORIES));
  }
}

type Step = (session: RaceSession, random: Random, repository: string) => Promise<unknown>;

const push: Step = (session, random, repository) => {
  const tag = random.pick(TAGS);
  return pushImage(
    session,
    random,
    repository,
    random.pick(manifestsOfTag(tag)),
    random.chance(0.85) ? tag : undefined,
  );
};
const retag: Step = (session, random, repository) => {
  const tag = random.pick(TAGS);
  return putManifest(session, random, repository, random.pick(manifestsOfTag(tag)), tag);
};
const readTag: Step = (session, random, repository) => pull(session, random, repository, random.pick(TAGS));
const headTag: Step = (session, random, repository) =>
  lookAtTag(session, random, repository, random.pick(TAGS), 'HEAD');
const untag: Step = (session, random, repository) => deleteTag(session, random, repository, random.pick(TAGS));
const replaceRepository: Step = async (session, random) => {
  const repository = random.pick(REPOSITORIES.filter((name) => name.startsWith('short-lived/')));
  await deleteRepository(session, random, repository);
  await createRepository(session, random, repository);
};

const STEPS: readonly (readonly [weight: number, step: Step])[] = [
  [22, push],
  [14, retag],
  [24, readTag],
  [14, headTag],
  [10, pullByDigest],
  [6, listImages],
  [4, listTags],
  [6, untag],
  [7, deleteImage],
  [1, replaceRepository],
];
