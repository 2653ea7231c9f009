#pragma once

#include <map>
#include <memory>
#include <string>

#include "bench/command/options.hpp"
#include "bench/command/progress.hpp"
#include "bench/command/scratch_directory.hpp"
#include "bench/report/report.hpp"
#include "bench/subject/server.hpp"

namespace cued::bench {

/// The server under test as the command line wants it: started on a directory of its own, or found at a URL. Goes down
/// before its directory goes.
class theatre {
public:
  [[nodiscard]] static result<std::unique_ptr<theatre>> open(const options& typed, progress& telling);

  [[nodiscard]] server& subject() { return *server_; }
  [[nodiscard]] stage at(progress& telling);
  [[nodiscard]] conditions describe(const options& typed) const;

  /// Sees to it that the server runs with these settings beside those that were typed, which win: if need be it is
  /// started again. A server given by URL is left as it is.
  [[nodiscard]] result<void> suit(const std::map<std::string, std::string>& settings);

  /// The server ended and started again on the same directory: how long a start takes that makes nothing new.
  [[nodiscard]] result<void> restart();

private:
  theatre() = default;
  std::unique_ptr<scratch_directory> directory_;
  server_wish wish_;
  std::map<std::string, std::string> typed_settings_;
  std::unique_ptr<server> server_;
};

} // namespace cued::bench
