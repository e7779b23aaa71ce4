# Not tested.  SPDX-License-Identifier: GPL-2.0-or-later
# Beside the tarball that "cmake --build build --target dist" makes: brew install --build-from-source ./espial.rb
class Espial < Formula
  desc "Says why an IPsec VPN in a capture fails, with a plugin for Wireshark"
  url "file://#{__dir__}/espial-0.2.0.tar.gz"
  license "GPL-2.0-or-later"

  depends_on "cmake" => :build
  depends_on "ninja" => :build
  depends_on "pkgconf" => :build
  depends_on "glib"
  depends_on "gnutls"
  depends_on "libgcrypt"
  depends_on "wireshark"

  def install
    system "cmake", "-S", ".", "-B", "build", "-G", "Ninja", "-DBUILD_TESTING=OFF", "-DESPIAL_WERROR=OFF",
           "-DCMAKE_INSTALL_PREFIX=#{prefix}", "-DESPIAL_PLUGIN_DIR=#{lib}/espial", "-DESPIAL_PROFILE_DIR=#{share}/espial"
    system "cmake", "--build", "build", "--target", "espial", "espial-cli"
    %w[plugin program program-doc].each do |part|
      system "cmake", "--install", "build", "--component", part
    end
  end

  def caveats
    <<~EOS
      Wireshark looks for plugins of yours in the folder "Personal Plugins" of About Wireshark > Folders, which has
      the version in its name. To have Espial there, and its profile:
        mkdir -p ~/.local/lib/wireshark/plugins/VERSION/epan ~/.config/wireshark/profiles
        ln -s #{opt_lib}/espial/espial.* ~/.local/lib/wireshark/plugins/VERSION/epan/
        cp -R #{opt_share}/espial/IPsec ~/.config/wireshark/profiles/
    EOS
  end

  test do
    assert_match version.to_s, shell_output("#{bin}/espial --version")
  end
end
