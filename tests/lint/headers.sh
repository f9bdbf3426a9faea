#!/bin/bash
# Each public header compiles alone, as C11 and as C++, without a warning.
cd "$GNOMON_SRC/core/api" || exit 1
bad=0
for header in gnomon/*.h; do
    for language in 'c -std=c11' 'c++ -std=c++11'; do
        name="$header as $language"
        # shellcheck disable=SC2086 # a language and its standard
        if echo "#include <$header>" |
            ${CC:-cc} -x $language -Wall -Wextra -pedantic -Werror -I. -fsyntax-only -; then
            echo "ok $name"
        else
            echo "not ok $name" && bad=1
        fi
    done
done
exit $bad
