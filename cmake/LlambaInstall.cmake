# What `make install` and `make deb` put on a system: the program, its manual
# page and bash completion, the small model, the documents.
if(NOT TARGET llamba)
  return()
endif()
include(GNUInstallDirs)

# The program writes its manual page and its completion itself, from the text and
# the flags that --help shows. (A sanitized program is not for installing.)
if(LLAMBA_SANITIZE OR CMAKE_CROSSCOMPILING)
  return()
endif()
set(share ${CMAKE_BINARY_DIR}/share)
file(MAKE_DIRECTORY ${share})
add_custom_command(OUTPUT ${share}/llamba.1.gz
  COMMAND llamba help --man > ${share}/llamba.1
  COMMAND gzip -9nc ${share}/llamba.1 > ${share}/llamba.1.gz
  WORKING_DIRECTORY ${share} DEPENDS llamba VERBATIM)
add_custom_command(OUTPUT ${share}/llamba.bash
  COMMAND llamba completion bash > ${share}/llamba.bash
  DEPENDS llamba VERBATIM)
add_custom_target(share ALL DEPENDS ${share}/llamba.1.gz ${share}/llamba.bash)

install(TARGETS llamba RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
if(TARGET llamba-distill)
  install(TARGETS llamba-distill RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
endif()
install(FILES ${share}/llamba.1.gz DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
install(FILES ${share}/llamba.bash RENAME llamba
        DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions)
install(DIRECTORY ${CMAKE_SOURCE_DIR}/models/
        DESTINATION ${CMAKE_INSTALL_DATADIR}/llamba/models)
# The documents keep their places to one another, so that their links hold.
install(FILES README.md CONTRIBUTING.md LICENSE
        DESTINATION ${CMAKE_INSTALL_DOCDIR} COMPONENT documents)
install(FILES models/README.md DESTINATION ${CMAKE_INSTALL_DOCDIR}/models
        COMPONENT documents)
install(DIRECTORY docs DESTINATION ${CMAKE_INSTALL_DOCDIR} COMPONENT documents
        FILES_MATCHING PATTERN "*.md")
# Where Debian looks for it.
install(FILES LICENSE RENAME copyright DESTINATION ${CMAKE_INSTALL_DOCDIR}
        COMPONENT documents)

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
