export { append, OUTBOX_COLUMNS, outboxParameters } from './append.ts';
export { purgeReceived, receiveOnce } from './inbox.ts';
export { createRelay, type Relay, type RelayEvent, type RelayOptions } from './relay.ts';
export { outboxBacklog } from './outbox-rows.ts';
export { runRelay } from './service-relay.ts';
