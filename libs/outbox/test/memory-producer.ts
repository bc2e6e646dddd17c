import type { OutgoingMessage, Producer } from '@homeroom/kafka';

export interface MemoryProducer extends Pick<Producer, 'send'> {
  readonly sent: OutgoingMessage[];
  /** While set, nothing is stored and every send rejects with it. */
  failure: Error | undefined;
}

/** Stores what it is given, for tests of the relay's own behavior. */
export function memoryProducer(): MemoryProducer {
  return {
    sent: [],
    failure: undefined,
    async send(messages) {
      if (this.failure !== undefined) throw this.failure;
      this.sent.push(...messages);
    },
  };
}
