/** The kinds of values settings have: how each is written and what is wrong with a bad one. */
import { BadValue, type ValueKind } from './setting.ts';

export interface ListenAddress {
  /** Empty for every address of the machine. */
  readonly host: string;
  readonly port: number;
}

export const listenAddress: ValueKind<ListenAddress> = {
  value: '<host:port>',
  parse(text) {
    const match = /^(?:\[([0-9a-fA-F:.%]+)\]|([^:[\]\s/]*)):([0-9]{1,5})$/.exec(text);
    const port = Number(match?.[3]);
    if (match === null || port > 65535) {
      throw new BadValue(
        `must be HOST:PORT with a port up to 65535, such as 127.0.0.1:4510 or [::1]:4510, not "${text}"`,
      );
    }
    return { host: match[1] ?? match[2] ?? '', port };
  },
};

export const path: ValueKind<string> = {
  value: '<path>',
  parse(text) {
    if (text.includes('\0')) throw new BadValue('must be a path without NUL');
    return text;
  },
};

const UNITS_OF_TIME: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
/** Timers of Node hold 31 bits; longer ones would fire at once. */
const LONGEST_TIMER = 2 ** 31 - 1;

/** Milliseconds, written `500ms`, `30s`, `10m`, `24h` or `7d`. */
export function duration({
  min = 1,
  max = Number.MAX_SAFE_INTEGER,
}: {
  min?: number;
  max?: number;
} = {}): ValueKind<number> {
  return {
    value: '<duration>',
    parse(text) {
      const match = /^([0-9]+(?:\.[0-9]+)?)(ms|s|m|h|d)?$/.exec(text);
      const unit = match?.[2] ?? (match?.[1] === '0' ? 'ms' : undefined);
      if (match === null || unit === undefined) {
        throw new BadValue(`must be a duration such as 500ms, 30s, 10m, 24h or 7d, not "${text}"`);
      }
      const ms = Math.round(Number(match[1]) * UNITS_OF_TIME[unit]!);
      if (ms < min) throw new BadValue(`must be at least ${min} ms, not "${text}"`);
      if (ms > max) throw new BadValue(`must be at most ${Math.floor(max / 86_400_000)} days, not "${text}"`);
      return ms;
    },
  };
}

/** A duration that a timer will wait for; 0 turns the thing off. */
export const timerOrOff: ValueKind<number> = duration({ min: 0, max: LONGEST_TIMER });
export const timer: ValueKind<number> = duration({ max: LONGEST_TIMER });

const UNITS_OF_SIZE: Readonly<Record<string, number>> = {
  '': 1,
  B: 1,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
  TiB: 2 ** 40,
};

/** Bytes, written `1048576`, `64KiB`, `5MiB` or `10GiB`. */
export function size({
  min = 0,
  max = Number.MAX_SAFE_INTEGER,
}: {
  min?: number;
  max?: number;
} = {}): ValueKind<number> {
  return {
    value: '<size>',
    parse(text) {
      const match = /^([0-9]+)\s?(B|KiB|MiB|GiB|TiB|)$/.exec(text);
      if (match === null) throw new BadValue(`must be a size such as 65536, 64KiB, 5MiB or 10GiB, not "${text}"`);
      const bytes = Number(match[1]) * UNITS_OF_SIZE[match[2]!]!;
      if (bytes < min || bytes > max) throw new BadValue(`must be from ${min} to ${max} bytes, not "${text}"`);
      return bytes;
    },
  };
}

export function integer({ min, max }: { min: number; max: number }): ValueKind<number> {
  return {
    value: '<number>',
    parse(text) {
      const value = Number(text);
      if (!/^[0-9]+$/.test(text) || value < min || value > max) {
        throw new BadValue(`must be a whole number from ${min} to ${max}, not "${text}"`);
      }
      return value;
    },
  };
}

export function choice<const T extends string>(...allowed: readonly T[]): ValueKind<T> {
  return {
    value: `<${allowed.join('|')}>`,
    parse(text) {
      const found = allowed.find((one) => one === text);
      if (found === undefined) throw new BadValue(`must be one of ${allowed.join(', ')}, not "${text}"`);
      return found;
    },
  };
}
