/** The time of a signed request: its two spellings, and how far it may be from ours (behaviour page, 1.3). */
import { incompleteSignature, invalidSignature } from '../../services/request-faults.ts';

const toleranceMinutes = 5;
const toleranceMs = toleranceMinutes * 60_000;

const basicFormat = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/;

/**
 * The request's time in ISO 8601's basic form, from `X-Amz-Date` or an HTTP `Date`. Throws IncompleteSignatureException for
 * what is neither.
 */
export function signingTime(text: string): { readonly text: string; readonly ms: number } {
  const parts = basicFormat.exec(text);
  if (parts !== null) {
    const [, year, month, day, hour, minute, second] = parts;
    const ms = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
    if (!Number.isNaN(ms)) return { text, ms };
  } else if (text.endsWith(' GMT')) {
    const ms = Date.parse(text);
    if (!Number.isNaN(ms)) return { text: formatBasic(ms), ms };
  }
  throw incompleteSignature(
    `Date must be in ISO-8601 'basic format'. Got '${text}'. See http://en.wikipedia.org/wiki/ISO_8601`,
  );
}

/** Throws InvalidSignatureException when the scope is of another day or the time too far from `now`. */
export function checkSigningTime(
  time: { readonly text: string; readonly ms: number },
  scopeDate: string,
  now: number,
): void {
  const day = time.text.slice(0, 8);
  if (scopeDate !== day) {
    throw invalidSignature(
      `Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '${scopeDate}' != '${day}', from '${time.text}'.`,
    );
  }
  if (time.ms < now - toleranceMs) {
    throw invalidSignature(
      `Signature expired: ${time.text} is now earlier than ${formatBasic(now - toleranceMs)} (${formatBasic(now)} - ${toleranceMinutes} min.)`,
    );
  }
  if (time.ms > now + toleranceMs) {
    throw invalidSignature(
      `Signature not yet current: ${time.text} is still later than ${formatBasic(now + toleranceMs)} (${formatBasic(now)} + ${toleranceMinutes} min.)`,
    );
  }
}

function formatBasic(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19).replaceAll(/[-:]/g, '')}Z`;
}
