export { append, OUTBOX_COLUMNS, outboxParameters } from './append.ts';
export { purgeReceived, receiveOnce } from './inbox.ts';
export { observeRelay } from './observe-relay.ts';
export { createRelay } from './relay.ts';
