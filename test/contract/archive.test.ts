import { describeArchives } from './archive.suite.js';

describeArchives('a tar.gz', { plain: false });
describeArchives('a plain folder', { plain: true });
