# One throw-away server: its programs, its data directory, start, stop, kill. Sourced by scripts/servers, which sets
# DIR (the state directory), ACCOUNT and PATIENCE_SECONDS; defines functions only. A further server is one more branch
# in each `case`.
#
# State: $DIR/NAME/{data,log,pid,port}. The data directory is each server's working directory, which is how its
# processes are told from any other, whatever happened to their numbers.
# shellcheck shell=bash disable=SC2153,SC2154

# The first of the given names that can be run. PostgreSQL's server binaries are not on anybody's PATH.
program() {
    local name newest
    for name in "$@"; do
        newest=$(printf '%s\n' /usr/lib/postgresql/*/bin/"$name" | sort -V | tail -n 1)
        if [[ -x $newest ]]; then echo "$newest"; return; fi
        if command -v "$name"; then return; fi
    done
    return 1
}

programs_of() { # one line for each program that the server needs, alternatives separated by blanks
    case $1 in
        postgres) printf '%s\n' initdb postgres psql ;;
        mysql) printf '%s\n' 'mariadbd mysqld' 'mariadb mysql' ;;
        redis) printf '%s\n' redis-server redis-cli ;;
    esac
}

package_of() {
    case $1 in postgres) echo postgresql ;; mysql) echo mariadb-server ;; redis) echo redis-server ;; esac
}

missing_packages() {
    local name line
    for name in "$@"; do
        while read -r line; do
            # shellcheck disable=SC2086  # alternatives are words
            program $line >/dev/null || { package_of "$name"; break; }
        done < <(programs_of "$name")
    done
}

require_programs() {
    local tool missing
    for tool in setpriv setsid flock; do
        command -v "$tool" >/dev/null || die "the program '$tool' is missing; it is part of util-linux"
    done
    [[ -d /proc/self ]] || die "this script tells processes apart by /proc, which is not there"
    missing=$(missing_packages "$@" | xargs)
    [[ -n $missing ]] || return 0
    if ! can_install; then
        die "these packages are missing (names as on Debian): $missing; install them, or run this once as root"
    fi
    say "installing $missing"
    # shellcheck disable=SC2086  # package names are words
    install_packages $missing || exit 1
    missing=$(missing_packages "$@" | xargs)
    [[ -z $missing ]] || die "installed, but still without the programs of $missing"
}

# PostgreSQL refuses root, the others should not need it.
system_user() {
    local user
    for user in "$1" nobody; do
        if id -u "$user" >/dev/null 2>&1; then echo "$user"; return; fi
    done
    die "there is no system user '$1' to run the server as"
}

# Runs a command as the server's own user, in its data directory, away from our terminal and standard streams.
as_server() {
    local name=$1 user drop=()
    shift
    if [[ $(id -u) == 0 ]]; then
        user=$(system_user "$name")
        drop=(--reuid "$user" --regid "$(id -g "$user")" --init-groups)
    fi
    cd "$DIR/$name/data" || return
    # The environment may name a home, a language or a library path that is not the server's.
    exec env -i PATH="$PATH" LC_ALL=C setsid setpriv "${drop[@]}" "${WITH_US[@]}" "$@" \
        </dev/null >>"$DIR/$name/log" 2>&1
}

pids_of() { # every living process that works in the server's data directory
    local entry stat
    for entry in /proc/[0-9]*; do
        [[ $entry/cwd -ef $DIR/$1/data ]] || continue
        stat=$(cat "$entry/stat" 2>/dev/null) || continue
        [[ ${stat##*) } == [ZX]* ]] || echo "${entry#/proc/}"
    done
}

main_pid() { # the server itself, if it is alive
    local pid
    pid=$(cat "$DIR/$1/pid" 2>/dev/null) || return
    [[ " $(pids_of "$1" | xargs) " == *" $pid "* ]] && echo "$pid"
}

prepare() { # makes the empty data directory
    local name=$1 here=$DIR/$1 password server
    password=$(<"$DIR/password")
    mkdir "$here" "$here/data"
    chmod 711 "$here"
    chmod 700 "$here/data"
    : >"$here/log"
    case $name in
        postgres) echo "$password" >"$here/secret" ;;
        mysql)
            # No name resolution, so this account is the only one that can come in over TCP.
            printf '%s\n' "CREATE USER IF NOT EXISTS '$ACCOUNT'@'127.0.0.1' IDENTIFIED BY '$password';" \
                "GRANT ALL ON *.* TO '$ACCOUNT'@'127.0.0.1' WITH GRANT OPTION;" >"$here/secret"
            ;;
        redis) echo "requirepass $password" >"$here/secret" ;;
    esac
    chmod 600 "$here/secret"
    if [[ $(id -u) == 0 ]]; then chown -R "$(system_user "$name")": "$here/data" "$here/secret"; fi

    case $name in
        postgres)
            (as_server postgres "$(program initdb)" --pgdata=. --username="$ACCOUNT" --pwfile="$here/secret" \
                --auth=scram-sha-256 --encoding=UTF8 --locale=C --no-sync)
            ;;
        mysql)
            server=$(program mariadbd mysqld)
            if "$server" --no-defaults --version | grep -qi mariadb; then
                (as_server mysql "$(program mariadb-install-db mysql_install_db)" --no-defaults --datadir="$here/data" \
                    --auth-root-authentication-method=normal --skip-test-db)
            else
                (as_server mysql "$server" --no-defaults --initialize-insecure --datadir="$here/data")
            fi
            ;;
        redis) ;;
    esac
}

command_of() { # fills COMMAND with what runs the server on its port
    local name=$1 port=$2 flush=$3 here=$DIR/$1 pool
    pool=$(<"$DIR/pool")
    case $name in
        postgres)
            COMMAND=("$(program postgres)" -D "$here/data" -p "$port" -c listen_addresses=127.0.0.1
                -c unix_socket_directories= -c max_connections=300 -c jit=off
                -c shared_buffers="${pool}MB" -c max_wal_size="$((16 * pool))MB"
                -c fsync="$flush" -c full_page_writes="$flush")
            ;;
        mysql)
            # The collation stays the server's own, which ignores case and accents: a table that compares exactly has
            # to say so. `loose` options are unknown to one of the two products.
            COMMAND=("$(program mariadbd mysqld)" --no-defaults --datadir="$here/data" --port="$port"
                --bind-address=127.0.0.1 --socket=server.sock --pid-file=server.pid --init-file="$here/secret"
                --skip-name-resolve --skip-log-bin --character-set-server=utf8mb4 --max-connections=300
                --innodb-flush-log-at-trx-commit="$([[ $flush == on ]] && echo 1 || echo 2)"
                --innodb-buffer-pool-size="${pool}M" --performance-schema=OFF
                --loose-innodb-log-file-size="$((pool / 2))M" --loose-mysqlx=OFF)
            ;;
        redis)
            COMMAND=("$(program redis-server)" "$here/secret" --bind 127.0.0.1 --port "$port" --dir "$here/data"
                --save '' --appendonly yes --appendfsync "$([[ $flush == on ]] && echo always || echo everysec)")
            ;;
    esac
}

answers() { # whether our own server answers: a stranger on the same port does not know the password, or hangs
    local name=$1 port password ask=(timeout 5)
    port=$(<"$DIR/$name/port")
    password=$(<"$DIR/password")
    case $name in
        postgres) PGPASSWORD=$password "${ask[@]}" "$(program psql)" -XAtqw -h 127.0.0.1 -p "$port" \
            -U "$ACCOUNT" -d postgres -c 'select 1' ;;
        mysql) MYSQL_PWD=$password "${ask[@]}" "$(program mariadb mysql)" --no-defaults -h 127.0.0.1 -P "$port" \
            -u "$ACCOUNT" -e 'select 1' ;;
        redis) [[ $(REDISCLI_AUTH=$password "${ask[@]}" redis-cli -h 127.0.0.1 -p "$port" ping) == PONG ]] ;;
    esac >/dev/null 2>&1 </dev/null
}

complain() { # says what happened to which server, with the end of its log
    say "$1 $2; the end of its log:"
    tail -n 40 "$DIR/$1/log" | sed "s/^/    /" >&2
}

await_exit() { # until none of the server's processes is left
    local deadline=$((SECONDS + PATIENCE_SECONDS))
    while [[ -n $(pids_of "$1") ]]; do
        if ((SECONDS >= deadline)); then complain "$1" "did not end within $PATIENCE_SECONDS s"; return 1; fi
        sleep 0.05
    done
    rm -f "$DIR/$1/pid"
}

start() {
    local name=$1 deadline=$((SECONDS + PATIENCE_SECONDS)) pid
    if main_pid "$name" >/dev/null; then say "$name is already running"; return; fi
    # PostgreSQL takes its killed predecessor for alive while nobody has collected that process, as happens in
    # containers; none of ours is, so its lock file may name a number that no process has.
    if [[ $name == postgres && -e $DIR/postgres/data/postmaster.pid && -z $(pids_of postgres) ]]; then
        sed -i '1s/.*/2147483647/' "$DIR/postgres/data/postmaster.pid"
    fi
    command_of "$name" "$(<"$DIR/$name/port")" "$(<"$DIR/flush")"
    (as_server "$name" "${COMMAND[@]}") &
    pid=$!
    disown "$pid"
    echo "$pid" >"$DIR/$name/pid"
    until answers "$name"; do
        if [[ ! -d /proc/$pid ]]; then complain "$name" "ended while starting"; return 1; fi
        if ((SECONDS >= deadline)); then complain "$name" "did not answer within $PATIENCE_SECONDS s"; return 1; fi
        sleep 0.05
    done
}

stop() {
    local name=$1 pid
    if ! pid=$(main_pid "$name"); then say "$name is not running"; return; fi
    # PostgreSQL's SIGTERM waits for every client to leave, its SIGINT ends their connections.
    kill -s "$([[ $name == postgres ]] && echo INT || echo TERM)" "$pid" 2>/dev/null || true
    await_exit "$name"
}

kill_server() {
    local pid
    for pid in $(main_pid "$1" || true) $(pids_of "$1"); do kill -KILL "$pid" 2>/dev/null || true; done
    await_exit "$1"
}

wipe() {
    [[ $1 == redis ]] || die "only redis can be wiped: the databases would come back without our account"
    [[ -z $(pids_of redis) ]] || die "redis is running; stop or kill it before it is wiped"
    find "$DIR/redis/data" -mindepth 1 -delete
}

version_of() {
    case $1 in
        postgres) "$(program postgres)" --version ;;
        mysql) "$(program mariadbd mysqld)" --no-defaults --version | sed 's/^[^ ]*  *//' ;;
        redis) redis-server --version | cut -d' ' -f1-3 ;;
    esac
}

status() {
    local pid
    pid=$(main_pid "$1") && pid="process $pid" || pid="not running"
    say "$1: 127.0.0.1:$(<"$DIR/$1/port"), $pid, $(version_of "$1")"
}
