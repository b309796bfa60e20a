/** Texts that are nearly what the registry protocol wants, or never are. */

export const oddTexts: readonly string[] = [
  ...[
    '',
    '.',
    '..',
    '-',
    '_',
    '%',
    '%zz',
    '%u0041',
    '%00',
    '%2f',
    '%2e%2e%2f',
    '%c3%28',
    '%ff',
    '\\',
    "'",
    '"',
    '<script>',
  ],
  ...[
    '__proto__',
    'constructor',
    'null',
    'undefined',
    '-1',
    '0',
    '1e9',
    'a'.repeat(129),
    'a'.repeat(300),
    'b'.repeat(5000),
  ],
  ...[
    'a:b',
    'a@sha256:b',
    'A',
    'ä',
    'a b',
    'a\tb',
    '[object Object]',
    '{{7*7}}',
    'uploads',
    'list',
    'manifests',
    'blobs',
  ],
];

export const badTags = [
  '.a',
  '-a',
  'a%20b',
  'a%3Ab',
  'a'.repeat(129),
  '%00',
  'a%00',
  'ä',
  '%c3%a4',
  'a%2Fb',
  'a@b',
  'a%21',
];

export const oddNames = [
  ...[
    'absent',
    'Upper/case',
    'a//b',
    'a/',
    '/a',
    'a/../b',
    '../../etc',
    'a..b',
    'a__b',
    'a___b',
    'a--b',
    '-a',
    'a-',
    'x'.repeat(257),
  ],
  ...[
    'a/manifests/b',
    'blobs/uploads',
    '%66uzz/app',
    'fuzz%2fapp',
    `${'a/'.repeat(200)}a`,
    '_catalog',
    'fuzz/app/manifests/x',
  ],
];

export const mediaTypes = [
  ...[
    'application/vnd.oci.image.manifest.v1+json',
    'application/vnd.oci.image.manifest.v1+json',
    'application/json',
    '',
    'x',
  ],
  ...[
    'application/vnd.oci.image.index.v1+json',
    'application/vnd.docker.distribution.manifest.v1+prettyjws',
    'a/b;c=d',
    '*/*',
  ],
];

export const hosts = [
  ...[
    '',
    'localhost',
    '123456789012.dkr.ecr.eu-west-1.amazonaws.com',
    '000000000000.dkr.ecr.us-east-1.localhost',
    '[::1]',
    'a b',
  ],
  ...[
    '999999999999.dkr.ecr.us-east-1.localhost',
    '000000000000.dkr.ecr.xx-nowhere-9.x',
    'x'.repeat(3000),
    '000000000000.dkr.ecr.',
  ],
];

export const oddHeaders: Readonly<Record<string, readonly string[]>> = {
  Accept: ['*/*', '', 'application/json', 'x'.repeat(2000), 'text/html;q=0'],
  'If-None-Match': ['*', '"x"', 'W/"x"', '"', ',,,', `"sha256:${'0'.repeat(64)}"`],
  'If-Range': ['"x"', 'Wed, 21 Oct 2015 07:28:00 GMT', ''],
  'Content-Range': ['0-0', 'x', '0-99999999999999999999', '-1--1', 'bytes */*'],
  'X-Amz-Target': ['AmazonEC2ContainerRegistry_V20150921.DescribeRepositories'],
  'Content-Encoding': ['gzip', 'identity'],
};

/** Authorization headers that are nearly the right one. */
export const credentials = (authorization: string): readonly string[] => [
  ...[
    'Basic',
    'Basic ',
    'Basic Og==',
    'Basic QVdTOg==',
    'Bearer x',
    'basic !!!',
    `${authorization}x`,
    `${authorization}==`,
  ],
  ...[
    authorization.slice(0, -8),
    authorization.replace('Basic', 'basic'),
    authorization.replace('Basic ', 'Basic   '),
    `Basic ${'A'.repeat(6000)}`,
  ],
];
