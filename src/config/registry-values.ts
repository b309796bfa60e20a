/** Kinds of values with AWS's grammar: accounts, regions, access keys and the template of registry host names. */
import { BadValue, type ValueKind } from './setting.ts';

export const accountId: ValueKind<string> = {
  value: '<account>',
  parse(text) {
    if (!/^[0-9]{12}$/.test(text))
      throw new BadValue(`must be 12 digits, not "${text}" (quote it where a leading zero could get lost)`);
    return text;
  },
};

const REGION = /^[a-z]{2,}(?:-[a-z]+)+-[0-9]{1,2}$/;

export const region: ValueKind<string> = {
  value: '<region>',
  parse(text) {
    if (!REGION.test(text)) throw new BadValue(`must be the name of a region such as us-east-1, not "${text}"`);
    return text;
  },
};

/** Every region, or the list of those that are served. */
export const regions: ValueKind<'*' | readonly string[]> = {
  value: '<regions>',
  parse(text) {
    if (text === '*') return '*';
    return text.split(',').map((name) => region.parse(name.trim()));
  },
};

export const accessKeyId: ValueKind<string> = {
  value: '<key-id>',
  parse(text) {
    if (!/^[A-Za-z0-9_]{16,128}$/.test(text))
      throw new BadValue('must be 16 to 128 letters, digits or underscores, such as AKIA followed by 16 more');
    return text;
  },
};

/** The message never shows the value. */
export const secretAccessKey: ValueKind<string> = {
  value: '<secret>',
  parse(text) {
    if (!/^[\x21-\x7e]{16,128}$/.test(text)) throw new BadValue('must be 16 to 128 visible ASCII characters');
    return text;
  },
};

export const hostTemplate: ValueKind<string> = {
  value: '<template>',
  parse(text) {
    const sample = text.replaceAll('{account}', '000000000000').replaceAll('{region}', 'us-east-1');
    if (!/^(?:[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9])?|\[[0-9a-fA-F:.]+\])(?::[0-9]{1,5})?$/.test(sample)) {
      throw new BadValue(
        `must be a host name with an optional port, in which {account} and {region} may stand, such as {account}.dkr.ecr.{region}.example.com, not "${text}"`,
      );
    }
    return text;
  },
};
