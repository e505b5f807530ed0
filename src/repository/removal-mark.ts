/**
 * The content of the temporary summary of a backup that is being removed, so that whoever finds it does
 * not take it for that of a backup that is being written.
 */
export const REMOVED_TEXT = 'this backup is being removed\n';

/** That of a backup that ended when another run took over. Its length is not that of the other text. */
export const ABANDONED_TEXT = 'another run has taken over, and the next one removes this\n';
