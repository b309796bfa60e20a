/** Longshore, the floor, and every peer that is on PATH; on PostgreSQL and S3 where their programs are installed. */
import { postgresProgramsMissing } from '../../tests/support/postgres-server.ts';
import { whyNoSwift } from '../../tests/support/swift-server.ts';
import { findOnPath } from '../find-on-path.ts';
import type { Target } from '../target.ts';
import { bareNode } from './bare-node.ts';
import { distribution } from './distribution.ts';
import { longshore, longshoreNodes } from './longshore.ts';
import { moto } from './moto.ts';
import { zot } from './zot.ts';

export function findTargets(): Target[] {
  const targets: Target[] = [longshore, bareNode];
  const stores = postgresProgramsMissing() === undefined && whyNoSwift() === undefined;
  if (stores) targets.push(longshoreNodes(1), longshoreNodes(2), longshoreNodes(3));
  const registry = findOnPath('registry');
  if (registry !== undefined) {
    targets.push(distribution('distribution 3', registry, 'token'), distribution('distribution 3', registry, 'basic'));
    if (stores) targets.push(distribution('distribution 3', registry, 'token', 's3'));
  }
  const debian = findOnPath('docker-registry');
  if (debian !== undefined) targets.push(distribution('docker-registry 2', debian, 'token'));
  const zotProgram = findOnPath('zot');
  if (zotProgram !== undefined) targets.push(zot(zotProgram, 'token'), zot(zotProgram, 'basic'));
  const motoServer = findOnPath('moto_server');
  if (motoServer !== undefined) targets.push(moto(motoServer));
  return targets;
}
