import { startMailCatcher } from './mail/catcher.ts';
import { endOnSignal, setting } from './process/process.ts';

const catcher = await startMailCatcher({
  host: setting('HOST'),
  smtpPort: Number(setting('SMTP_PORT')),
  httpPort: Number(setting('PORT')),
  dataFile: setting('DATA_FILE'),
});
endOnSignal(() => catcher.close());
