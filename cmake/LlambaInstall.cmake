# What `make install` and `make deb` put on a system: the program, its manual
# page and bash completion, the small model, the documents.
if(NOT TARGET llamba)
  return()
endif()
include(GNUInstallDirs)

# The manual page is written by the program, from the text that --help shows.
set(man_page ${CMAKE_BINARY_DIR}/man/llamba.1)
file(MAKE_DIRECTORY ${CMAKE_BINARY_DIR}/man)
add_custom_command(OUTPUT ${man_page}.gz
  COMMAND llamba help --man > ${man_page}
  COMMAND gzip -9nc ${man_page} > ${man_page}.gz
  DEPENDS llamba VERBATIM)
# A sanitized or instrumented program is not for installing.
if(NOT LLAMBA_SANITIZE AND NOT CMAKE_CROSSCOMPILING)
  add_custom_target(man ALL DEPENDS ${man_page}.gz)
endif()

install(TARGETS llamba RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(FILES ${man_page}.gz DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
install(FILES ${CMAKE_SOURCE_DIR}/packaging/llamba.bash RENAME llamba
        DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions)
install(DIRECTORY ${CMAKE_SOURCE_DIR}/models/
        DESTINATION ${CMAKE_INSTALL_DATADIR}/llamba/models)
install(FILES README.md DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(DIRECTORY docs/ DESTINATION ${CMAKE_INSTALL_DOCDIR}
        FILES_MATCHING PATTERN "*.md")
install(FILES LICENSE RENAME copyright DESTINATION ${CMAKE_INSTALL_DOCDIR})

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME llamba)
set(CPACK_PACKAGE_VENDOR llamba)
set(CPACK_PACKAGE_CONTACT "The llamba developers <llamba@localhost>")
set(CPACK_PACKAGE_DIRECTORY ${CMAKE_SOURCE_DIR}/build/packages)
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION science)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_DESCRIPTION
"Runs Llamba models, recurrent language models distilled from Llama, on a CPU.
 Their memory of a conversation has a fixed size, however long the text is.
 The program continues texts, chats, converts checkpoints and measures models.")
include(CPack)
