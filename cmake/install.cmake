# cmake --install build/release --prefix /usr; docs/install.md.

include(GNUInstallDirs)
install(TARGETS headrace-edge headrace-origin headrace-worker headrace-cli
        RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(FILES conf/systemd/headrace-edge.service conf/systemd/headrace-origin.service
              conf/systemd/headrace-worker.service DESTINATION lib/systemd/system)
install(FILES conf/systemd/headrace.sysusers DESTINATION lib/sysusers.d RENAME headrace.conf)
install(FILES conf/edge.toml conf/origin.toml DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(DIRECTORY docs/ DESTINATION ${CMAKE_INSTALL_DOCDIR})
