/** The schedule that `schedule init` writes. */
export const TEMPLATE = `# The schedule of this deployment. \`mangamotion schedule check\` looks for mistakes,
# \`mangamotion schedule next\` shows what runs when, \`mangamotion schedule\` runs it.
#
# minute hour day-of-month month day-of-week  command of mangamotion
CRON_TZ=UTC

# An hour's changes, kept for a week.
# name=hourly timeout=50m
0 * * * *   backup incremental /mnt/backup --keep-days 7

# Everything, once a day, kept for a month.
# name=daily
0 2 * * *   backup full /mnt/backup --keep-days 30

# Off site, once a week, kept for a year.
# name=weekly
0 3 * * 0   backup full s3://backup-bucket/minio --keep-days 365

# Cold storage, once a month, kept for seven years.
# name=monthly
0 4 1 * *   backup full /mnt/cold-storage --keep-days 2555
`;
