import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { settingKeys, settingName, settingsTable, variableName } from './config/settings-table.ts';
import { ConfigError, configFor, resolveConfig, resolveSettings } from './config.ts';

const file = (text: string) => ({ path: 'longshore.yaml', text });

function problemsOf(sources: Parameters<typeof resolveConfig>[0]): string {
  try {
    resolveConfig(sources);
  } catch (error) {
    assert.ok(error instanceof ConfigError);
    return error.message;
  }
  return assert.fail('nothing was refused');
}

test('every default is a value that its own setting takes', () => {
  const config = resolveConfig({});
  for (const key of settingKeys) {
    const { default: text, optional } = settingsTable[key];
    assert.equal(text === undefined, optional, key);
    assert.equal(config[key] === undefined, optional, key);
  }
});

test('flags beat variables, variables the file, the file defaults, and each is told', () => {
  const sources = {
    flags: { region: 'eu-west-1' },
    env: { LONGSHORE_REGION: 'eu-west-2', LONGSHORE_DATA: '/from/variable' },
    file: file('region: eu-west-3\ndata: /from/file\nlisten: ":80"\n'),
  };
  const told = Object.fromEntries(resolveSettings(sources).map(({ key, text, from }) => [key, [text, from]]));
  assert.deepEqual(told.region, ['eu-west-1', 'flag']);
  assert.deepEqual(told.data, ['/from/variable', 'variable']);
  assert.deepEqual(told.listen, [':80', 'file']);
  assert.deepEqual(told.logLevel, ['info', 'default']);
  assert.deepEqual(resolveConfig(sources).listen, { host: '', port: 80 });
});

test('an empty variable and an empty key of the file mean "not set"', () => {
  const config = resolveConfig({
    env: { LONGSHORE_DATA: '', LONGSHORE_TLS_CERT: '' },
    file: file('region:\ntls-key: ""\n'),
  });
  assert.equal(config.data, './longshore-data');
  assert.equal(config.region, 'us-east-1');
});

test('values of the file stay as they are written', () => {
  const config = resolveConfig({ file: file('account-id: 012345678901\nregions: [us-east-1, eu-west-1]\n') });
  assert.equal(config.accountId, '012345678901');
  assert.deepEqual(config.regions, ['us-east-1', 'eu-west-1']);
});

describe('refused, with the name and what is meant', () => {
  const cases: readonly (readonly [Parameters<typeof resolveConfig>[0], RegExp])[] = [
    [{ flags: { listen: 'localhost' } }, /^--listen must be HOST:PORT .*"localhost"\.$/],
    [{ env: { LONGSHORE_UPLOAD_EXPIRY: 'soon' } }, /^LONGSHORE_UPLOAD_EXPIRY must be a duration/],
    [{ file: file('max-headers: 3\n') }, /^max-headers must be a whole number from 16/],
    [{ env: { LONGSHORE_LISTN: ':1' } }, /LONGSHORE_LISTN is not a setting\. Did you mean LONGSHORE_LISTEN\?$/],
    [
      { file: file('\nlog-levle: info\n') },
      /^longshore\.yaml:2: "log-levle" is not a setting\. Did you mean log-level\?$/,
    ],
    [{ file: file('zzzzzzzzzz: 1\n') }, /`longshore config` prints all\.$/],
    [{ file: file('a: [') }, /^longshore\.yaml:1: /],
    [{ file: file('data: /a\ndata: /b\n') }, /^longshore\.yaml:2: Map keys must be unique/],
    [{ file: file('- listen\n') }, /must be a mapping/],
    [{ file: file('listen: {port: 1}\n') }, /^longshore\.yaml:1: listen must be one value/],
    [{ flags: { tlsCert: 'a.pem' } }, /tls-cert and tls-key must be given together/],
    [{ flags: { registryScheme: 'https' } }, /registry-scheme https needs registry-host/],
    [{ flags: { rootAccessKeyId: 'AKIAAAAAAAAAAAAAAAAA' } }, /must be given together/],
    [{ flags: { regions: 'eu-west-1' } }, /regions must contain the default region us-east-1/],
    [{ flags: { accountId: '1234' } }, /^--account-id must be 12 digits/],
    [{ flags: { registryHost: 'http://x' } }, /^--registry-host must be a host name/],
    [{ flags: { registryHost: '{acount}.example.com' } }, /^--registry-host must be a host name/],
    [{ flags: { drainTimeout: '100d' } }, /^--drain-timeout must be at most 24 days/],
  ];
  for (const [sources, message] of cases) test(String(message), () => assert.match(problemsOf(sources), message));

  test('everything that is wrong at once', () => {
    const problems = problemsOf({ flags: { listen: 'x', region: 'y', scrubRate: 'z' } });
    assert.deepEqual(problems.match(/^--[a-z-]+/gm), ['--listen', '--region', '--scrub-rate']);
  });

  test('a secret is not repeated', () => {
    assert.doesNotMatch(problemsOf({ env: { LONGSHORE_ROOT_SECRET_ACCESS_KEY: 'hunter2 ' } }), /hunter2/);
  });
});

test('what Kubernetes sets beside a Service called longshore is no mistake', () => {
  resolveConfig({
    env: {
      LONGSHORE_SERVICE_HOST: '10.0.0.1',
      LONGSHORE_SERVICE_PORT: '4510',
      LONGSHORE_SERVICE_PORT_HTTP: '4510',
      LONGSHORE_PORT: 'tcp://10.0.0.1:4510',
      LONGSHORE_PORT_4510_TCP: 'tcp://10.0.0.1:4510',
      LONGSHORE_PORT_4510_TCP_ADDR: '10.0.0.1',
    },
  });
});

test('every setting is read from its flag, its variable and its key alike', () => {
  for (const key of settingKeys) {
    const text =
      settingsTable[key].default ??
      { tlsCert: 'c', tlsKey: 'k', registryHost: 'h' }[key as 'tlsCert'] ??
      'A'.repeat(20);
    const values = [
      resolveSettings({ flags: { [key]: text } }),
      resolveSettings({ env: { [variableName(key)]: text } }),
      resolveSettings({ file: file(`${settingName(key)}: ${JSON.stringify(text)}\n`) }),
    ].map((settings) => settings.find((setting) => setting.key === key));
    assert.deepEqual(
      values.map((value) => value?.text),
      [text, text, text],
    );
    assert.deepEqual(
      values.map((value) => value?.from),
      ['flag', 'variable', 'file'],
    );
  }
});

test('no text makes a parser throw anything but a refusal', () => {
  fc.assert(
    fc.property(fc.constantFrom(...settingKeys), fc.string({ unit: 'grapheme' }), (key, text) => {
      try {
        resolveConfig({ flags: { [key]: text } });
      } catch (error) {
        assert.ok(error instanceof ConfigError, String(error));
      }
    }),
  );
  fc.assert(
    fc.property(fc.string(), (text) => {
      try {
        resolveConfig({ file: file(text) });
      } catch (error) {
        assert.ok(error instanceof ConfigError, String(error));
      }
    }),
  );
});

test('configFor takes numbers and leaves out what is undefined', () => {
  const config = configFor({ maxHeaders: 20, data: undefined, layerGracePeriod: '1.5s', minRate: '2KiB' });
  assert.equal(config.maxHeaders, 20);
  assert.equal(config.data, './longshore-data');
  assert.equal(config.layerGracePeriod, 1500);
  assert.equal(config.minRate, 2048);
});
