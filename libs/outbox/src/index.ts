export { append, OUTBOX_COLUMNS, outboxParameters } from './append.ts';
export { purgeReceived, receiveOnce } from './inbox.ts';
export { createRelay } from './relay.ts';
export { runRelay } from './service-relay.ts';
