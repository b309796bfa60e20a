/** Kinds of values that say where things are kept: the URL of a database, the place of layers. */
import { BadValue, type ValueKind } from './setting.ts';

/** A PostgreSQL connection URI as libpq takes it. The message never shows the value, which may hold a password. */
export const databaseUrl: ValueKind<string> = {
  value: '<url>',
  parse(text) {
    const url = URL.canParse(text) ? new URL(text) : undefined;
    if (url === undefined || !/^postgres(?:ql)?:$/.test(url.protocol)) {
      throw new BadValue('must be a URL such as postgres://longshore:PASSWORD@db.example.com:5432/longshore');
    }
    return text;
  },
};

export interface S3Place {
  readonly bucket: string;
  /** Empty, or ends with a slash. */
  readonly prefix: string;
}

/** `s3://bucket/prefix`. */
export const s3Place: ValueKind<S3Place> = {
  value: '<s3-url>',
  parse(text) {
    const match = /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:\/([A-Za-z0-9!_.*'()/-]*))?$/.exec(text);
    if (match === null) throw new BadValue(`must be s3://BUCKET or s3://BUCKET/PREFIX, not "${text}"`);
    const prefix = (match[2] ?? '').replace(/^\/+|\/+$/g, '');
    return { bucket: match[1]!, prefix: prefix === '' ? '' : `${prefix}/` };
  },
};

/** An http or https URL without path. */
export const endpointUrl: ValueKind<string> = {
  value: '<url>',
  parse(text) {
    const url = URL.canParse(text) ? new URL(text) : undefined;
    if (url === undefined || !/^https?:$/.test(url.protocol) || url.pathname !== '/' || url.search !== '') {
      throw new BadValue(`must be a URL such as https://s3.example.com, not "${text}"`);
    }
    return url.origin;
  },
};

/** A secret that several nodes share. The message never shows the value. */
export const sharedSecret: ValueKind<string> = {
  value: '<secret>',
  parse(text) {
    if (!/^[\x21-\x7e]{32,256}$/.test(text)) {
      throw new BadValue('must be 32 to 256 visible ASCII characters, such as `openssl rand -hex 32` prints');
    }
    return text;
  },
};

/** A key id or secret of an S3-compatible store; other stores than AWS have shapes of their own. The message never shows the value. */
export const s3Credential: ValueKind<string> = {
  value: '<text>',
  parse(text) {
    if (!/^[\x21-\x7e]{1,256}$/.test(text)) throw new BadValue('must be 1 to 256 visible ASCII characters');
    return text;
  },
};
