# Completion of cartwright for bash; written by `cartwright help --format bash`.
_cartwright() {
    local word=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
    local options='' choices=''
    if ((COMP_CWORD == 1)); then
        COMPREPLY=($(compgen -W 'generate validate reproduce serve keys migrate config doctor schema version help' -- "$word"))
        return
    fi
    case ${COMP_WORDS[1]} in
    generate)
        options='--help --seed --scale --customers --products --orders --locale --segment --categories --products-per-category --price-min --price-max --customer-id --behavior --from --to --as-of --cells --spec --request --tables --columns --format --compression --out --store --threads --shard --force --discard --quiet --config'
        case $previous in
        --segment) choices='new regular vip wholesale dormant' ;;
        --behavior) choices='normal peak holiday' ;;
        --format) choices='csv ndjson json parquet' ;;
        --compression) choices='none snappy zstd' ;;
        esac
        ;;
    validate)
        options='--help --json --threads --quiet'
        case $previous in
        esac
        ;;
    reproduce)
        options='--help --store --threads --json --quiet'
        case $previous in
        esac
        ;;
    serve)
        options='--help --store --address --port --threads --workers --connections --timeout --max-count --max-body --rate --burst --concurrency --auth --no-auth --jwks --jwt-secret --jwt-issuer --jwt-audience --job-lease --seed-shop --no-seed-shop --quiet --config'
        case $previous in
        esac
        ;;
    keys)
        options='--help --store --name --scopes --expires --rate --json --config'
        case $previous in
        --scopes) choices='read read,generate read,generate,personal-data read,generate,admin,personal-data' ;;
        esac
        ;;
    migrate)
        options='--help'
        case $previous in
        esac
        ;;
    config)
        options='--help --config'
        case $previous in
        esac
        ;;
    doctor)
        options='--help --store --address --port --connections --auth --no-auth --jwks --jwt-secret --format --config'
        case $previous in
        --format) choices='text json' ;;
        esac
        ;;
    schema)
        options='--help --format'
        case $previous in
        --format) choices='text json sql' ;;
        esac
        ;;
    version)
        options='--help'
        case $previous in
        esac
        ;;
    help)
        options='--help --format'
        case $previous in
        --format) choices='text man bash' ;;
        esac
        ;;
    esac
    if [[ -n $choices ]]; then
        COMPREPLY=($(compgen -W "$choices" -- "$word"))
    elif [[ $word == -* ]]; then
        COMPREPLY=($(compgen -W "$options" -- "$word"))
    else
        COMPREPLY=($(compgen -f -- "$word"))
    fi
}
complete -o filenames -F _cartwright cartwright
