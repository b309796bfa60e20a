/**
 * The one validator: makes an operation's input from parsed JSON by the service model, and says which constraints it does
 * not satisfy in AWS's words (behaviour page, section 1.4). Follows the model and never the input, so that depth, unknown
 * members and keys such as `__proto__` cost nothing and do nothing.
 */

import { decodeBlob, decodeBoolean, decodeNumber, decodeString, decodeTimestamp, wrongType } from './json-scalars.ts';
import type { ServiceModel, ShapeModel } from './model/service-model.ts';
import { constraintCheck } from './shape-constraints.ts';

/** A value that has the right JSON type and breaks a constraint of the model. */
export interface Violation {
  /** Name of the member; below the first level as AWS writes it: `tags.1.member.Key`. */
  readonly field: string;
  readonly constraint: string;
}

export type Structure = Record<string, unknown>;

/** Turns a JSON value into ours, adds what is violated to `found`, throws SerializationException on a wrong JSON type. */
type Decoder = (value: unknown, field: string, found: Violation[]) => unknown;

export type InputDecoder = (json: unknown) => { readonly input: Structure; readonly violations: readonly Violation[] };

/**
 * A decoder for one structure of the model. Null members count as absent and unknown ones are left out. It throws
 * SerializationException where a JSON type is wrong; violated constraints it collects.
 */
export function inputDecoder(model: ServiceModel, shapeName: string | undefined): InputDecoder {
  const decode = shapeName === undefined ? emptyStructure : structureDecoder(model, shapeOf(model, shapeName));
  return (json) => {
    const violations: Violation[] = [];
    return { input: decode(json, '', violations) as Structure, violations };
  };
}

function shapeOf(model: ServiceModel, name: string): ShapeModel {
  const shape = model.shapes[name];
  if (shape === undefined) throw new Error(`The model has no shape ${name}`);
  return shape;
}

const emptyStructure: Decoder = (value) => {
  if (!isStructure(value)) throw wrongType(value, 'structure');
  return {};
};

function isStructure(value: unknown): value is Structure {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function decoderOf(model: ServiceModel, name: string): Decoder {
  const shape = shapeOf(model, name);
  switch (shape.type) {
    case 'structure':
      return structureDecoder(model, shape);
    case 'list':
      return listDecoder(model, shape);
    case 'map':
      return mapDecoder(model, shape);
    default:
      return scalarDecoder(name, shape);
  }
}

function scalarDecoder(name: string, shape: ShapeModel): Decoder {
  const convert = scalarConversion(shape);
  const check = constraintCheck(name, shape);
  if (check === undefined) return convert;
  return (value, field, found) => {
    const converted = convert(value);
    for (const constraint of check(converted)) found.push({ field, constraint });
    return converted;
  };
}

function scalarConversion({ type }: ShapeModel): (value: unknown) => unknown {
  switch (type) {
    case 'string':
      return decodeString;
    case 'blob':
      return decodeBlob;
    case 'boolean':
      return decodeBoolean;
    case 'timestamp':
      return decodeTimestamp;
    case 'integer':
    case 'long':
    case 'double':
      return decodeNumber(type);
    default:
      throw new Error(`${type} is not a scalar`);
  }
}

function structureDecoder(model: ServiceModel, shape: ShapeModel): Decoder {
  const required = new Set(shape.required);
  const members = Object.entries(shape.members ?? {}).map(([name, shapeName]) => ({
    name,
    decode: decoderOf(model, shapeName),
    required: required.has(name),
  }));
  return (value, field, found) => {
    if (!isStructure(value)) throw wrongType(value, 'structure');
    const structure: Structure = {};
    for (const member of members) {
      const given = value[member.name];
      if (given !== undefined && given !== null) {
        structure[member.name] = member.decode(given, below(field, member.name), found);
      } else if (member.required) {
        found.push({ field: below(field, member.name), constraint: 'Member must not be null' });
      }
    }
    return structure;
  };
}

function below(field: string, name: string): string {
  return field === '' ? name : `${field}.${name}`;
}

function listDecoder(model: ServiceModel, shape: ShapeModel): Decoder {
  const checkLength = constraintCheck('', shape);
  const decodeElement = elementDecoder(model, shape.member!);
  return (value, field, found) => {
    if (!Array.isArray(value)) throw wrongType(value, 'list');
    for (const constraint of checkLength?.(value) ?? []) found.push({ field, constraint });
    return decodeElement(value, field, found);
  };
}

/** AWS names the place of a structure within a list, but of scalars only says once what each of them must satisfy. */
function elementDecoder(
  model: ServiceModel,
  name: string,
): (list: unknown[], field: string, found: Violation[]) => unknown[] {
  const shape = shapeOf(model, name);
  if (shape.type === 'structure' || shape.type === 'list' || shape.type === 'map') {
    const decode = decoderOf(model, name);
    return (list, field, found) =>
      list.map((element, index) => {
        const place = `${field}.${index + 1}.member`;
        if (element !== null) return decode(element, place, found);
        found.push({ field: place, constraint: 'Member must not be null' });
        return {};
      });
  }
  const convert = scalarConversion(shape);
  const check = constraintCheck('', shape);
  return (list, field, found) => {
    let violated: string | undefined;
    const elements = list.map((element) => {
      if (element === null) {
        violated ??= 'Member must not be null';
        return '';
      }
      const converted = convert(element);
      if (check !== undefined && violated === undefined && check(converted).length > 0) violated = check.all.join(', ');
      return converted;
    });
    if (violated !== undefined) found.push({ field, constraint: `Member must satisfy constraint: [${violated}]` });
    return elements;
  };
}

function mapDecoder(model: ServiceModel, shape: ShapeModel): Decoder {
  const checkLength = constraintCheck('', shape);
  const decodeKey = decoderOf(model, shape.key!);
  const decodeValue = decoderOf(model, shape.value!);
  return (value, field, found) => {
    if (!isStructure(value)) throw wrongType(value, 'map');
    const entries = Object.entries(value).filter(([, given]) => given !== null);
    for (const constraint of checkLength?.(entries) ?? []) found.push({ field, constraint });
    const map: Structure = Object.create(null);
    entries.forEach(([key, given], index) => {
      const place = `${field}.${index + 1}.member`;
      decodeKey(key, place, found);
      map[key] = decodeValue(given, place, found);
    });
    return map;
  };
}
