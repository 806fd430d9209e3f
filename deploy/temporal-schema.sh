#!/bin/sh
# Creates the two databases of Temporal where they are missing and brings their schema to the version of this image.
# Runs at every start: on a database that is up to date it changes nothing. The connection comes from the SQL_* variables.
set -eu

schema_dir=${SCHEMA_DIR:-/etc/temporal/schema/postgresql/v12}

for database in temporal temporal_visibility; do
  case $database in
    temporal) versions=$schema_dir/temporal/versioned ;;
    *) versions=$schema_dir/visibility/versioned ;;
  esac
  temporal-sql-tool --db "$database" create
  temporal-sql-tool --db "$database" setup-schema -v 0.0
  temporal-sql-tool --db "$database" update-schema -d "$versions"
done
