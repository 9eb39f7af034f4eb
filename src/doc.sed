# Doxygen's commands for what the headers' comments write plainly: paragraphs that begin with a name and a colon, and plain comments
# before or behind a declaration.
s#^\( \* *\)\(Math\|Shapes\|Collective\|Ownership\|Cost\): *#\1@par \2\n\1#
s#\([.)]\) Collective: *#\1\n * @par Collective\n * #
s#^/\* \([^-]\)#/** \1#
s#^    /\* #    /** #
s#;\( *\)/\* #;\1/**< #
s#,\( *\)/\* #,\1/**< #
