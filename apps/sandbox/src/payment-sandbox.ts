import { startPaymentSandbox } from './payments/sandbox.ts';
import { endOnSignal, setting } from './process/process.ts';

const sandbox = await startPaymentSandbox({
  host: setting('HOST'),
  port: Number(setting('PORT')),
  webhookUrl: setting('WEBHOOK_URL'),
  webhookSecret: setting('WEBHOOK_SECRET'),
  dataFile: setting('DATA_FILE'),
});
endOnSignal(() => sandbox.close());
