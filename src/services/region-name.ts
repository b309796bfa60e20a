/** Names of AWS regions: any well-formed one is a region to us, so that new ones need no new version. */

const regionName = /^[a-z]{2,8}(?:-[a-z0-9]{1,16}){0,3}-[a-z]{1,16}-[0-9]{1,2}$/;

/** Which regions an installation serves: every one, or a list. */
export type ServedRegions = '*' | readonly string[];

export function servesRegion(served: ServedRegions, region: string): boolean {
  return served === '*' ? regionName.test(region) : served.includes(region);
}
