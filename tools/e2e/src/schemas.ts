import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { run } from './parts.ts';

interface Schema {
  $ref?: string;
  properties?: Record<string, Schema>;
  items?: Schema;
  allOf?: Schema[];
  additionalProperties?: unknown;
  format?: string;
  type?: unknown;
  oneOf?: unknown;
  'x-kubernetes-group-version-kind'?: { group: string; version: string; kind: string }[];
  [key: string]: unknown;
}

/** Writes the cluster's own schemas, one per kind and strict. @returns kubeconform's pattern for them. */
export async function writeSchemas(folder: string): Promise<string> {
  const api = JSON.parse(await run('kubectl', ['get', '--raw', '/openapi/v2'])) as {
    definitions: Record<string, Schema>;
  };
  mkdirSync(folder, { recursive: true });
  for (const definition of Object.values(api.definitions)) {
    for (const { group, version, kind } of definition['x-kubernetes-group-version-kind'] ?? []) {
      const name = [kind, group.split('.')[0], version].filter((part) => part !== '').join('-');
      const schema = { ...strict(definition), definitions: mapValues(api.definitions, strict) };
      if (wanted.test(kind)) writeFileSync(join(folder, `${name.toLowerCase()}.json`), JSON.stringify(schema));
    }
  }
  return join(folder, '{{ .ResourceKind }}{{ .KindSuffix }}.json');
}

// schemas of every kind would fill a gigabyte
const wanted =
  /^(ConfigMap|Deployment|HorizontalPodAutoscaler|Ingress|Job|NetworkPolicy|Pod|PodDisruptionBudget|Secret|Service|ServiceAccount|StatefulSet)$/;

function strict(schema: Schema): Schema {
  if (schema.format === 'int-or-string') return { oneOf: [{ type: 'string' }, { type: 'integer' }] };
  const { properties, items, additionalProperties, ...rest } = schema;
  return {
    ...rest,
    ...(properties === undefined ? {} : { properties: mapValues(properties, strict), additionalProperties: false }),
    ...(items === undefined ? {} : { items: strict(items) }),
    ...(typeof additionalProperties === 'object'
      ? { additionalProperties: strict(additionalProperties as Schema) }
      : {}),
  };
}

function mapValues<T, U>(record: Record<string, T>, map: (value: T) => U): Record<string, U> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, map(value)]));
}
