#!/bin/sh
set -eu
# shellcheck disable=SC2086,SC2154 # CMAKE_ARGS is a list; conda sets PREFIX and SRC_DIR
cmake -S "$SRC_DIR" -B build -G Ninja $CMAKE_ARGS -DCMAKE_BUILD_TYPE=Release -DCMAKE_INSTALL_PREFIX="$PREFIX" \
    -DBORDERLINE_NATIVE=OFF -DBORDERLINE_TESTS=OFF
cmake --build build
cmake --install build
