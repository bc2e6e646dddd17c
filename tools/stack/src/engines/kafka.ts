import kafkajs from 'kafkajs';
import { execFile } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { untilServing } from '../processes/serving.ts';
import type { Supervisor } from '../processes/supervisor.ts';

const run = promisify(execFile);
const POM_DIR = join(import.meta.dirname, '../../kafka');

export interface KafkaOptions {
  /** Where the jars are kept, below the checkout's `.homeroom/`; shared by all stacks of the checkout. */
  jarsDir: string;
  dataDir: string;
  host: string;
  port: number;
  controllerPort: number;
  java: string;
  maven: string;
  /** Whether it runs for long: code is then compiled for speed, at the cost of the start. */
  longRunning: boolean;
}

/** Starts one Kafka broker that is its own controller; resolves to `host:port` once a client can read its metadata. */
export async function startKafka(supervisor: Supervisor, options: KafkaOptions): Promise<string> {
  const jars = await fetchJars(options);
  const properties = join(options.dataDir, 'server.properties');
  mkdirSync(options.dataDir, { recursive: true });
  writeFileSync(properties, serverProperties(options));
  const jvm = ['-XX:+UseSerialGC', ...(options.longRunning ? [] : ['-XX:TieredStopAtLevel=1'])];
  const classpath = ['-cp', `${POM_DIR}:${join(jars, '*')}`];
  if (!existsSync(join(options.dataDir, 'logs', 'meta.properties'))) {
    const format = ['kafka.tools.StorageTool', 'format', '-t', newClusterId(), '-c', properties];
    await run(options.java, ['-Xmx128m', ...jvm, ...classpath, ...format]);
  }
  const broker = `${options.host}:${options.port}`;
  await supervisor.start({
    name: 'kafka',
    command: options.java,
    args: ['-Xms64m', '-Xmx512m', ...jvm, ...classpath, 'kafka.Kafka', properties],
    cwd: options.dataDir,
    stopTimeoutMs: 1500,
    ready: (signal) => untilServing(signal, () => readMetadata(broker), 100),
  });
  return broker;
}

/** 16 random bytes as 22 characters, without a leading dash, which the format tool would parse as an option. */
export function newClusterId(): string {
  const id = randomBytes(16).toString('base64url');
  return id.startsWith('-') ? newClusterId() : id;
}

/** Downloads the broker's jars once per version of the pom, into a folder that appears only when complete. */
async function fetchJars(options: Pick<KafkaOptions, 'jarsDir' | 'maven'>): Promise<string> {
  const pom = join(POM_DIR, 'pom.xml');
  const version = createHash('sha256').update(readFileSync(pom)).digest('hex').slice(0, 12);
  const target = join(options.jarsDir, version);
  if (existsSync(target)) return target;
  const partial = `${target}.${process.pid}`;
  mkdirSync(partial, { recursive: true });
  try {
    const copy = ['dependency:copy-dependencies', '-DincludeScope=runtime', `-DoutputDirectory=${partial}`];
    await run(options.maven, ['-B', '-q', '-f', pom, ...copy]);
    renameSync(partial, target);
  } catch (error) {
    rmSync(partial, { recursive: true, force: true });
    // another download may have created the folder first
    if (!existsSync(target)) throw new Error(`Kafka's jars could not be fetched by ${options.maven}`, { cause: error });
  }
  return target;
}

function serverProperties({ host, port, controllerPort, dataDir }: KafkaOptions): string {
  const settings: Record<string, string | number> = {
    'process.roles': 'broker,controller',
    'node.id': 1,
    'controller.quorum.voters': `1@${host}:${controllerPort}`,
    'controller.listener.names': 'CONTROLLER',
    listeners: `PLAINTEXT://${host}:${port},CONTROLLER://${host}:${controllerPort}`,
    'advertised.listeners': `PLAINTEXT://${host}:${port}`,
    'log.dirs': join(dataDir, 'logs'),
    // workers create their own topics
    'auto.create.topics.enable': 'false',
    'group.initial.rebalance.delay.ms': 0,
    // a start after a crash waits until the broker that was lost counts as down
    'broker.session.timeout.ms': 3000,
    'broker.heartbeat.interval.ms': 1000,
    // tests lose workers, and wait for it
    'group.min.session.timeout.ms': 1000,
    // one broker: every internal topic has one replica
    'offsets.topic.replication.factor': 1,
    'offsets.topic.num.partitions': 10,
    'transaction.state.log.replication.factor': 1,
    'transaction.state.log.min.isr': 1,
    'transaction.state.log.num.partitions': 4,
    'share.coordinator.state.topic.replication.factor': 1,
    'share.coordinator.state.topic.min.isr': 1,
    // a single broker has no peer to hand leadership to
    'controlled.shutdown.enable': 'false',
    // sized for a laptop: the defaults reserve 128 MB for compaction alone
    'log.cleaner.dedupe.buffer.size': 4 * 1024 * 1024,
    'log.index.size.max.bytes': 1024 * 1024,
    'num.network.threads': 2,
    'num.io.threads': 4,
  };
  return `${Object.entries(settings)
    .map(([name, value]) => `${name}=${value}`)
    .join('\n')}\n`;
}

async function readMetadata(broker: string): Promise<void> {
  const kafka = new kafkajs.Kafka({
    brokers: [broker],
    clientId: 'homeroom-stack',
    connectionTimeout: 1000,
    requestTimeout: 5000,
    retry: { retries: 0 },
    logLevel: kafkajs.logLevel.NOTHING,
  });
  const admin = kafka.admin();
  try {
    await admin.connect();
    const { brokers } = await admin.describeCluster();
    if (brokers.length === 0) throw new Error('the broker has not registered with its controller yet');
  } finally {
    await admin.disconnect();
  }
}
