/** Every port of a stack, with its default. */
export const defaultPorts = {
  gateway: 8080,
  balance: 8404,
  mail: 8025,
  smtp: 1025,
  payments: 8090,
  postgres: 5440,
  'postgres-replica': 5441,
  'redis-sessions': 6390,
  'redis-cache': 6391,
  kafka: 9192,
  'kafka-controller': 9193,
  'families-1': 3101,
  'families-2': 3102,
  'enrollment-1': 3103,
  'enrollment-2': 3104,
  'notifications-1': 3105,
  'notifications-2': 3106,
  'families-1-ops': 3201,
  'families-2-ops': 3202,
  'enrollment-1-ops': 3203,
  'enrollment-2-ops': 3204,
  'notifications-1-ops': 3205,
  'notifications-2-ops': 3206,
  'families-worker-ops': 3207,
  'enrollment-worker-ops': 3208,
  'notifications-worker-ops': 3209,
} as const;

export type PortName = keyof typeof defaultPorts;
export type Ports = Readonly<Record<PortName, number>>;

export const portNames = Object.keys(defaultPorts) as PortName[];

/** All ports in a row from `base` on. */
export function portsFrom(base: number): Ports {
  if (base + portNames.length > 65_536)
    throw new Error(`--port-base ${base} leaves no room for ${portNames.length} ports`);
  return numbered((index) => base + index);
}

/** The given ports in the table's order. */
export function portsOf(list: number[]): Ports {
  return numbered((index) => list[index]!);
}

function numbered(port: (index: number) => number): Ports {
  return Object.fromEntries(portNames.map((name, index) => [name, port(index)])) as Record<PortName, number>;
}

/** The environment variable that moves one port. */
export function portVariable(name: PortName): string {
  return `HOMEROOM_PORT_${name.toUpperCase().replaceAll('-', '_')}`;
}
