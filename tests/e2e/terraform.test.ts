/**
 * Terraform's aws_ecr_repository: create, a clean plan, change, import, destroy. The provider is 700 MB, so it is taken from the
 * folder that E2E_TERRAFORM_PLUGINS names (laid out as a file system mirror) and never downloaded.
 */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { callEcr } from '../support/call-ecr.ts';
import { awsEnvironment } from './aws-environment.ts';
import { useScene } from './client-scenario.ts';
import { clientSuite } from './client-suite.ts';
import { noSession } from './no-session.ts';
import { runProgram, tryProgram } from './run-program.ts';

const plugins = process.env.E2E_TERRAFORM_PLUGINS ?? '';
const missing = () =>
  plugins !== '' && existsSync(plugins) ? undefined : 'E2E_TERRAFORM_PLUGINS names no folder with the AWS provider';

interface Shape {
  readonly mutability: string;
  readonly scanOnPush: boolean;
  readonly team: string;
}

const repository = ({ mutability, scanOnPush, team }: Shape) => `
terraform {
  required_providers { aws = { source = "hashicorp/aws" } }
}
provider "aws" {}
resource "aws_ecr_repository" "app" {
  name                 = "terraform/app"
  image_tag_mutability = "${mutability}"
  force_delete         = true
  image_scanning_configuration { scan_on_push = ${scanOnPush} }
  tags = { team = "${team}" }
}
data "aws_ecr_repository" "same" { name = aws_ecr_repository.app.name }
output "url" { value = data.aws_ecr_repository.same.repository_url }
`;

clientSuite('Terraform', { programs: ['terraform'], optional: true, missing }, () => {
  const scene = useScene(noSession);

  test('a repository is created, stays as planned, is changed, imported and destroyed', async () => {
    const { server, scratch } = scene();
    const cwd = join(scratch, 'terraform');
    await mkdir(cwd);
    const env = {
      ...awsEnvironment(server),
      TF_IN_AUTOMATION: '1',
      CHECKPOINT_DISABLE: '1',
      TF_CLI_CONFIG_FILE: '/dev/null',
    };
    const options = { env, cwd, timeoutMs: 240_000 };
    const terraform = (...args: string[]) => runProgram(['terraform', ...args], options);
    const write = (shape: Shape) => writeFile(join(cwd, 'main.tf'), repository(shape));
    /** 0: nothing to do, 2: something would change. */
    const plan = async () =>
      (await tryProgram(['terraform', 'plan', '-input=false', '-no-color', '-detailed-exitcode'], options)).code;
    const apply = () => terraform('apply', '-auto-approve', '-input=false', '-no-color');
    const described = async () => {
      const input = { repositoryNames: ['terraform/app'] };
      const { repositories } = await callEcr<{ repositories: Record<string, unknown>[] }>(
        server.origin,
        server,
        'DescribeRepositories',
        input,
      );
      return repositories[0] ?? {};
    };

    await write({ mutability: 'IMMUTABLE', scanOnPush: true, team: 'red' });
    await terraform('init', '-input=false', '-no-color', `-plugin-dir=${plugins}`);
    await apply();
    assert.equal(await plan(), 0, 'a plan right after apply is clean');
    assert.equal(await terraform('output', '-raw', 'url'), `${server.host}/terraform/app`);
    assert.equal((await described()).imageTagMutability, 'IMMUTABLE');

    await write({ mutability: 'MUTABLE', scanOnPush: false, team: 'blue' });
    assert.equal(await plan(), 2, 'the change is seen');
    await apply();
    assert.equal(await plan(), 0, 'no drift after the change');
    const { imageTagMutability, imageScanningConfiguration, repositoryArn } = await described();
    assert.equal(imageTagMutability, 'MUTABLE');
    assert.deepEqual(imageScanningConfiguration, { scanOnPush: false });
    const { tags } = await callEcr(server.origin, server, 'ListTagsForResource', { resourceArn: repositoryArn });
    assert.deepEqual(tags, [{ Key: 'team', Value: 'blue' }]);

    await terraform('state', 'rm', 'aws_ecr_repository.app');
    await terraform('import', '-input=false', '-no-color', 'aws_ecr_repository.app', 'terraform/app');
    await apply();
    assert.equal(await plan(), 0, 'no drift after the import');

    await terraform('destroy', '-auto-approve', '-input=false', '-no-color');
    const { repositories } = await callEcr<{ repositories: unknown[] }>(server.origin, server, 'DescribeRepositories');
    assert.deepEqual(repositories, []);
  });
});
