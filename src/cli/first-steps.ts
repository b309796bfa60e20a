/** What a person sees when the server has started: where it is, and the way to the first push. */
import { relative } from 'node:path';
import type { Config } from '../config.ts';
import { cloneRoot, version } from '../version.ts';
import { shellQuote } from './shell-quote.ts';

export function firstSteps({
  config,
  origin,
  registryHost,
}: {
  config: Config;
  origin: string;
  registryHost: string;
}): string {
  const data = config.data === './longshore-data' ? '' : ` --data ${shellQuote(config.data)}`;
  return `
Longshore ${version} is listening on ${origin} and keeps its data in ${config.data}.

In another terminal, for the AWS CLI, SDKs and Terraform:

  eval "$(${programName()} env${data})"
  aws ecr create-repository --repository-name hello

and for docker:

  aws ecr get-login-password | docker login --username AWS --password-stdin ${registryHost}
  docker pull busybox
  docker tag busybox ${registryHost}/hello
  docker push ${registryHost}/hello

Ctrl-C ends it.
`;
}

/** How the program is called from the current directory. */
export function programName(): string {
  if (cloneRoot === undefined) return 'longshore';
  const path = relative(process.cwd(), `${cloneRoot}/bin/longshore`);
  return shellQuote(path.startsWith('..') ? `${cloneRoot}bin/longshore` : path);
}
