/** `longshore verify`: re-reads everything that is stored and names what is damaged or missing. Works beside a running server. */
import type { Command } from 'commander';
import { openStores } from '../app/open-stores.ts';
import { storageSettings } from '../config/storage-settings.ts';
import type { Ports } from '../ports/ports.ts';
import type { Finding } from '../services/integrity/finding.ts';
import { verifyImages } from '../services/integrity/verify-images.ts';
import { sizeOfLayers, verifyLayers } from '../services/integrity/verify-layers.ts';
import { sizeText, startProgress } from './progress.ts';
import { addSettingOptions, configOf } from './setting-options.ts';

export function verifyCommand(program: Command): void {
  const command = program
    .command('verify')
    .description(
      'Re-read all stored layers and manifests and name what is damaged or missing (exit code 1 if anything is).',
    )
    .option('--json', 'Print JSON: one object per finding, then one with the sums.');
  addSettingOptions(command, storageSettings).action(async ({ json }: { json?: boolean }, called: Command) => {
    const { ports, close } = await openStores(await configOf(called));
    try {
      const found = await verify(ports, json === true ? printJson : printText);
      if (found > 0) process.exitCode = 1;
    } finally {
      await close();
    }
  });
}

async function verify(ports: Ports, text: (value: Finding | Sums) => string): Promise<number> {
  const whole = await sizeOfLayers(ports);
  const progress = startProgress('Reading layers', whole.bytes);
  const sums = { layers: 0, bytes: 0, images: 0, findings: 0 };
  const tell = (finding: Finding) => {
    sums.findings++;
    progress.print(text(finding));
  };
  for await (const { bytes, finding } of verifyLayers(ports)) {
    sums.layers++;
    sums.bytes += bytes;
    if (finding !== undefined) tell(finding);
    progress.advance(bytes);
  }
  for await (const { images, findings } of verifyImages(ports)) {
    sums.images += images;
    findings.forEach(tell);
  }
  progress.end();
  process.stdout.write(`${text(sums)}\n`);
  return sums.findings;
}

interface Sums {
  readonly layers: number;
  readonly bytes: number;
  readonly images: number;
  readonly findings: number;
}

function printJson(value: Finding | Sums): string {
  return JSON.stringify(value);
}

function printText(value: Finding | Sums): string {
  if ('kind' in value) return `${value.kind.toUpperCase()} ${value.digest} (${value.place}): ${value.detail}`;
  const { layers, bytes, images, findings } = value;
  const read = `Read ${counted(layers, 'layer')} (${sizeText(bytes)}) and ${counted(images, 'manifest')}`;
  return findings === 0
    ? `${read}: all good.`
    : `${read}: ${counted(findings, 'problem')}. The next push of a damaged or missing layer heals it.`;
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
