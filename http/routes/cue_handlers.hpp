#pragma once

#include <string>

#include <boost/asio/awaitable.hpp>

#include "http/server/route.hpp"
#include "http/services.hpp"

/// The handlers behind `/v1/cues*`, for the one table in cues.cpp. Source: spec/cues.md §3 - §5.
namespace cued::http {

using cue_handler = boost::asio::awaitable<result<response>>(services&, request&);

cue_handler list_cues;        // cues.cpp
cue_handler get_cue;          // cues.cpp
cue_handler delete_cue;       // cues.cpp
cue_handler create_cue;       // cue_create.cpp
cue_handler patch_cue;        // cue_patch.cpp
cue_handler fire_cue;         // cue_fire.cpp
cue_handler preview_cue;      // cue_preview.cpp
cue_handler preview_schedule; // cue_preview.cpp
cue_handler bulk_delete_cues; // cue_bulk_delete.cpp

/// The path's `{cue_id}`: any text without U+0000, which the router keeps out.
[[nodiscard]] const std::string& cue_id_in(const request& in);

} // namespace cued::http
