// The text of a cue, reduced to what every player shows and none executes.
//
//   kept      <b> <i> <u>, <c.class>, <v name>, <lang tag>, closed in order; the named entities of
//             WebVTT
//   dropped   what stands in real files without meaning here: <font …>, <ruby>, <rt>, <s>, <span>,
//             times of karaoke <00:01.000>, positions {\an8}; their text stays
//   escaped   everything else: a '<' that opens no such tag is shown as it was written
#pragma once

#include <string>
#include <string_view>

namespace package {

// `text`: UTF-8, its lines ended by '\n'. What comes out has no empty line, no "-->", and comes out
// of here unchanged when it goes in again; empty: there is nothing to show.
std::string safe_cue_text(std::string_view text);

}  // namespace package
