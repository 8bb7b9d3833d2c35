// limbeck predict MODEL IMAGES
#include "app/commands/predict.h"

#include "app/commands.h"

namespace limbeck {

void add_predict(Program& program) {
  CLI::App* command =
      add_command(program, "predict", "Classify pictures, or the images of an IDX file, with a trained network");
  auto flags = std::make_shared<PredictFlags>();
  command
      ->add_option("model", flags->model,
                   "a stage's folder (also of an ensemble or of specialists) or a network file in it, a file that "
                   "`limbeck export` "
                   "wrote, or any TorchScript or ONNX file")
      ->required()
      ->type_name("FILE");
  command
      ->add_option("images", flags->images,
                   "JPEG or PNG file, a folder of them, or an IDX file of unsigned bytes, gzipped or plain")
      ->required()
      ->type_name("PATH");
  command
      ->add_option("--resize", flags->resize,
                   "how pictures are brought to the network's size: crop, or stretch (default: crop)")
      ->check(CLI::IsMember({"crop", "stretch"}));
  flags->foreign.add_to(*command);
  command->add_flag("--force", flags->force, "write there over a file of others");
  command->add_option("--out", flags->out, "CSV or JSON file to write (default: print)")->type_name("FILE");
  command->callback([=, &program] { program.act(&Actions::predict, *flags); });
}

}  // namespace limbeck
