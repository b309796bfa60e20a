/**
 * What the official SDK knows of ECR at run time, and our model, in one form that can be compared. The SDK packs a schema into
 * an array: kind, namespace, name, traits, then what the kind needs; simple types are numbers.
 */
import * as sdk from '@aws-sdk/client-ecr';
import type { ServiceModel } from '../../src/services/model/service-model.ts';

/** A type as both sides can tell it: numbers are one kind, for the SDK does not tell integers from doubles. */
export type Described =
  | 'string'
  | 'number'
  | 'boolean'
  | 'timestamp'
  | 'blob'
  | { readonly list: Described }
  | { readonly map: Described }
  | { readonly members: Readonly<Record<string, Described>>; readonly required: readonly string[] };

type SdkSchema = number | readonly unknown[] | (() => SdkSchema);

const simple: ReadonlyMap<number, Described> = new Map([
  [0, 'string'],
  [1, 'number'],
  [2, 'boolean'],
  [4, 'timestamp'],
  [21, 'blob'],
]);
const listOf = 64;
const mapOf = 128;
const structure = 3;
const error = -3;
const list = 1;
const map = 2;
const operation = 9;

/** The SDK's own class above all exceptions of the service. */
export const baseException = 'ECRServiceException';

const schemas: readonly (readonly unknown[])[] = Object.entries(sdk).flatMap(([name, value]) =>
  name.endsWith('$') && Array.isArray(value) ? [value] : [],
);

/** The SDK's operations by name. */
export const sdkOperations: ReadonlyMap<string, { readonly input: Described; readonly output: Described }> = new Map(
  schemas
    .filter(([kind]) => kind === operation)
    .map(([, , name, , input, output]) => [
      name as string,
      { input: describeSdk(input as SdkSchema), output: describeSdk(output as SdkSchema) },
    ]),
);

/** The SDK's exceptions by name. */
export const sdkExceptions: ReadonlyMap<string, Described> = new Map(
  schemas
    .filter(([kind, , name]) => kind === error && name !== baseException)
    .map((schema) => [schema[2] as string, describeSdk(schema)]),
);

function describeSdk(schema: SdkSchema): Described {
  if (typeof schema === 'function') return describeSdk(schema());
  if (typeof schema === 'number') {
    if (schema >= mapOf) return { map: describeSdk(schema - mapOf) };
    if (schema >= listOf) return { list: describeSdk(schema - listOf) };
    const type = simple.get(schema);
    if (type === undefined) throw new Error(`The SDK has a simple type ${schema} that this file does not know`);
    return type;
  }
  const [kind, , , , first, second, requiredCount] = schema;
  if (kind === list) return { list: describeSdk(first as SdkSchema) };
  if (kind === map) return { map: describeSdk(second as SdkSchema) };
  // A member or type with traits of its own: [0, namespace, name, traits, type].
  if (kind === 0) return describeSdk(first as SdkSchema);
  if (kind !== structure && kind !== error) throw new Error(`The SDK has a schema of kind ${String(kind)}`);
  const names = first as string[];
  const types = second as SdkSchema[];
  return {
    members: sorted(names.map((name, i) => [name, describeMember(types[i]!)])),
    required: names.slice(0, (requiredCount as number | undefined) ?? 0).sort(),
  };
}

/** A member is a schema, or a pair of one and the member's traits. */
function describeMember(member: SdkSchema): Described {
  return Array.isArray(member) && member.length === 2 ? describeSdk(member[0] as SdkSchema) : describeSdk(member);
}

/** `leftOut` are members of the model that are not to be described, as `Shape.member`. */
export function describeModel(
  model: ServiceModel,
  name: string | undefined,
  leftOut: readonly string[] = [],
): Described {
  if (name === undefined) return { members: {}, required: [] };
  const shape = model.shapes[name]!;
  switch (shape.type) {
    case 'structure':
      return {
        members: sorted(
          Object.entries(shape.members ?? {})
            .filter(([member]) => !leftOut.includes(`${name}.${member}`))
            .map(([member, type]) => [member, describeModel(model, type, leftOut)]),
        ),
        required: [...(shape.required ?? [])].sort(),
      };
    case 'list':
      return { list: describeModel(model, shape.member, leftOut) };
    case 'map':
      return { map: describeModel(model, shape.value, leftOut) };
    case 'integer':
    case 'long':
    case 'double':
      return 'number';
    default:
      return shape.type;
  }
}

function sorted(members: [string, Described][]): Record<string, Described> {
  return Object.fromEntries(members.sort(([a], [b]) => (a < b ? -1 : 1)));
}

/**
 * Where a JSON value is not what the description says: members that are not known, missing or of another type. Times are
 * numbers on the wire, nothing is ever null.
 */
export function differences(type: Described, value: unknown, place = ''): string[] {
  if (typeof type === 'string') {
    const wanted = type === 'timestamp' ? 'number' : type === 'blob' ? 'string' : type;
    return value !== null && typeof value === wanted
      ? []
      : [`${place} should be a ${type}, is ${JSON.stringify(value)}`];
  }
  if ('list' in type) {
    if (!Array.isArray(value)) return [`${place} should be a list`];
    return value.flatMap((element, i) => differences(type.list, element, `${place}[${i}]`));
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return [`${place} should be a structure or map`];
  const entries = Object.entries(value);
  if ('map' in type) return entries.flatMap(([key, member]) => differences(type.map, member, `${place}.${key}`));
  return [
    ...type.required.filter((name) => !Object.hasOwn(value, name)).map((name) => `${place}.${name} is missing`),
    ...entries.flatMap(([name, member]) => {
      const memberType = Object.hasOwn(type.members, name) ? type.members[name] : undefined;
      return memberType === undefined
        ? [`${place}.${name} is not known`]
        : differences(memberType, member, `${place}.${name}`);
    }),
  ];
}
