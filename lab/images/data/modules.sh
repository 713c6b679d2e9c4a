# modules DIRECTORY NAME…: copies modules of /kernel with what they depend on, numbered in the order they load in.
modules() {
    into=$1; shift
    version=$(ls /kernel/lib/modules)
    mkdir -p "$into"
    for name in "$@"; do modprobe --dirname /kernel --set-version "$version" --show-depends "$name" 2> /dev/null || true; done \
        | awk '$1 == "insmod" && !seen[$2]++ {print $2}' > /tmp/modules
    number=10
    while read -r file; do cp "$file" "$into/$number-$(basename "$file")"; number=$((number + 1)); done < /tmp/modules
}
