#!/usr/bin/env node
// The program. Longshore needs Node 24 or newer; a clone brings its own (workspace `runtime`), which is found and run when this
// file is started under an older one. So it must stay plain enough for Node 12 to read.
// biome-ignore-all lint/style/useNodejsImportProtocol: old Node does not know the protocol.
import { spawn } from 'child_process';
import { existsSync } from 'fs';
import { createRequire } from 'module';
import { constants } from 'os';
import { fileURLToPath } from 'url';

const NEEDED = 24;

// A server that is left to itself lets its young generation grow to 3 x 16 MiB, whatever it holds: 11 MiB more when idle and 15 MiB
// more under large pushes, for 5 % less CPU on small requests (docs/decisions/0005-memory-before-the-last-per-cent.md).
const SERVER_FLAGS = ['--max-semi-space-size=2'];

if (Number(process.versions.node.split('.')[0]) >= NEEDED) {
  // Where a process can become another one it costs 30 ms; a second process beside the first would cost more than the flag spares.
  if (lacksFlags() && typeof process.execve === 'function') runUnder(process.execPath);
  else run();
} else {
  const node = bundledNode();
  if (node === undefined) {
    console.error(`Longshore needs Node ${NEEDED} or newer; this is ${process.version}.`);
    console.error('In a clone, `npm ci` brings one along. Elsewhere, install a newer Node from https://nodejs.org.');
    process.exit(1);
  }
  runUnder(node);
}

async function run() {
  const { enableCompileCache } = await import('module');
  // Compiled code is kept between starts, which halves the time of short commands.
  enableCompileCache();
  const compiled = new URL('../dist/main.js', import.meta.url);
  const source = new URL('../src/main.ts', import.meta.url);
  // A clone may hold an old build; there the source is the program.
  const main = existsSync(fileURLToPath(source)) ? source : compiled;
  await import(main.href);
}

/** Only a server lives long enough to care. */
function lacksFlags() {
  return process.argv[2] === 'serve' && SERVER_FLAGS.some((flag) => !process.execArgv.includes(flag));
}

/** The Node that npm installed for this machine with the clone. */
function bundledNode() {
  const require = createRequire(import.meta.url);
  const windows = process.platform === 'win32';
  const system = windows ? 'win' : process.platform;
  const names = [`node-${system}-${process.arch}`, `node-bin-${system}-${process.arch}`];
  for (let index = 0; index < names.length; index++) {
    try {
      const path = require.resolve(`${names[index]}/bin/node${windows ? '.exe' : ''}`);
      if (existsSync(path)) return path;
    } catch (_notInstalled) {
      // There is one package for each kind of machine.
    }
  }
  return undefined;
}

function runUnder(node) {
  const given = process.execArgv.filter((flag) => !SERVER_FLAGS.includes(flag));
  const args = given.concat(SERVER_FLAGS, fileURLToPath(import.meta.url), process.argv.slice(2));
  // Where a process can become another one, no parent has to stay and pass signals on.
  if (typeof process.execve === 'function') {
    process.removeAllListeners('warning');
    process.execve(node, [node].concat(args), process.env);
  }
  const child = spawn(node, args, { stdio: 'inherit' });
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR2'];
  for (const signal of signals) {
    // Ctrl-C reaches the child both from the terminal and from here; it takes the two for one.
    process.on(signal, () => child.kill(signal));
  }
  child.on('error', (error) => {
    console.error(`The Node at ${node} could not be started: ${error.message}`);
    process.exit(1);
  });
  child.on('exit', (code, signal) => {
    process.exit(signal === null ? code : 128 + constants.signals[signal]);
  });
}
