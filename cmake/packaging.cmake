# What packages take besides programs, the tarball, and the way back.  SPDX-License-Identifier: GPL-2.0-or-later
#
# Components: plugin, plugin-doc, program, program-doc.  Those of documents are for packages and ./espial:
# a plain "cmake --install" may be one user's, who cannot write to the folders of manual pages.
include(GNUInstallDirs)
set(docs COMPONENT plugin-doc EXCLUDE_FROM_ALL)
install(FILES docs/man/espial.7 DESTINATION "${CMAKE_INSTALL_MANDIR}/man7" ${docs})
# As they lie in the source, so that their links lead somewhere.
install(FILES README.md DESTINATION "${CMAKE_INSTALL_DOCDIR}" ${docs})
install(DIRECTORY docs DESTINATION "${CMAKE_INSTALL_DOCDIR}" ${docs}
  FILES_MATCHING PATTERN "*.md" PATTERN "*.png" PATTERN man EXCLUDE)
install(FILES expert/CHECKS.md DESTINATION "${CMAKE_INSTALL_DOCDIR}/expert" ${docs})
install(FILES plugin/espial-report-1.schema.json plugin/espial-records-1.schema.json plugin/espial-summary-1.schema.json
  DESTINATION "${CMAKE_INSTALL_DOCDIR}/plugin" ${docs})
install(PROGRAMS contrib/slurm/array.sh contrib/slurm/series_parts.sh contrib/slurm/series_report.sh
  DESTINATION "${CMAKE_INSTALL_DOCDIR}/contrib/slurm" ${docs})
install(FILES contrib/elastic/espial-template.json DESTINATION "${CMAKE_INSTALL_DOCDIR}/contrib/elastic" ${docs})
install(FILES contrib/slurm/README.md DESTINATION "${CMAKE_INSTALL_DOCDIR}/contrib/slurm" ${docs})
install(FILES plugin/lua/examples/house_rules.lua DESTINATION "${CMAKE_INSTALL_DOCDIR}/plugin/lua/examples" ${docs})

set(docs COMPONENT program-doc EXCLUDE_FROM_ALL)
install(FILES docs/man/espial.1 DESTINATION "${CMAKE_INSTALL_MANDIR}/man1" ${docs})
install(FILES contrib/completion/espial.bash RENAME espial
  DESTINATION "${CMAKE_INSTALL_DATADIR}/bash-completion/completions" ${docs})
install(FILES contrib/completion/_espial DESTINATION "${CMAKE_INSTALL_DATADIR}/zsh/vendor-completions" ${docs})
install(FILES contrib/completion/espial.fish
  DESTINATION "${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d" ${docs})

# The tarball: what git tracks, with nothing left to fetch.
find_program(GIT git)
if(GIT AND EXISTS "${CMAKE_SOURCE_DIR}/.git")
  set(name "${PROJECT_NAME}-${PROJECT_VERSION}")
  add_custom_target(dist
    COMMAND "${GIT}" archive --format=tar.gz "--prefix=${name}/" -o "${CMAKE_BINARY_DIR}/${name}.tar.gz" HEAD
    WORKING_DIRECTORY "${CMAKE_SOURCE_DIR}" VERBATIM
    COMMENT "Writing ${CMAKE_BINARY_DIR}/${name}.tar.gz")
endif()

add_custom_target(uninstall
  COMMAND "${CMAKE_COMMAND}" "-DMANIFESTS=${CMAKE_BINARY_DIR}" -P "${CMAKE_SOURCE_DIR}/cmake/uninstall.cmake" VERBATIM)
